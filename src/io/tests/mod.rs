mod file;
mod group_commit;
mod log_damage;
mod log_faults;
mod model;
mod reader;
mod workers;
