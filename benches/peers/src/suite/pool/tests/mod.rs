mod pools;
mod work;
