mod anywhere;
mod bounded;
mod child;
mod control_group;
mod fio;
mod kernel_time;
mod pages;
