mod smaps;
mod wishes;
