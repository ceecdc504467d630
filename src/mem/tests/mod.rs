mod smaps;
