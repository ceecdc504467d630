mod counts;
mod maps;
