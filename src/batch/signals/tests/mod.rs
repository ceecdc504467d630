mod proc;
