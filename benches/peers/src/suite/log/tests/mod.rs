mod records;
mod zeroed;
