mod ahead;
mod state;
