mod exact;
mod machine;
mod rules;
