mod waiters;
