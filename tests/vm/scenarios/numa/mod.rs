//! Memory on the nodes that were asked for.

mod filtered;
mod memory;
mod moving;
mod policy;
mod witness;

use super::Case;

pub const ON_TWO_NODES: &[Case] = &[
    ("pages_stay_where_they_are_put", witness::pages_stay_where_they_are_put),
    ("a_pool_has_its_blocks_on_its_node", memory::a_pool_has_its_blocks_on_its_node),
    ("a_mapping_is_on_its_node", memory::a_mapping_is_on_its_node),
    ("huge_pages_are_on_their_node", memory::huge_pages_are_on_their_node),
    ("interleaved_pages_alternate", || memory::interleaved_pages_take_turns(&[0, 1])),
    ("interleaved_huge_pages_alternate", memory::interleaved_huge_pages_alternate),
    ("a_missing_node_is_named", || memory::one_node_is_missing(0, 2)),
    ("a_kernel_is_too_old_for_weights", memory::a_kernel_is_too_old_for_weights),
    ("a_node_that_runs_out_is_told", memory::a_node_that_runs_out_is_told),
    ("a_thread_has_its_policy_until_the_guard_is_dropped", policy::a_thread_has_its_policy_until_the_guard_is_dropped),
    ("a_region_is_bound_as_far_as_its_pages_go", policy::a_region_is_bound_as_far_as_its_pages_go),
    ("pages_that_are_there_are_left_moved_or_looked_at", policy::pages_that_are_there_are_left_moved_or_looked_at),
    ("pages_move", moving::pages_move),
    ("huge_pages_move", moving::huge_pages_move),
    ("pages_that_others_have_stay", moving::pages_that_others_have_stay),
    ("a_page_that_is_held_by_the_kernel_stays_alone", moving::a_page_that_is_held_by_the_kernel_stays_alone),
    ("a_process_moves", moving::a_process_moves),
    ("workers_have_memory_of_their_nodes", policy::workers_have_memory_of_their_nodes),
];
pub const ON_FOUR_NODES: &[Case] = &[
    ("pages_stay_where_they_are_put", witness::pages_stay_where_they_are_put),
    ("interleaved_pages_take_turns", || memory::interleaved_pages_take_turns(&[0, 2, 3])),
    ("all_nodes_take_turns", || memory::interleaved_pages_take_turns(&[0, 1, 2, 3])),
    ("slabs_take_turns", memory::slabs_take_turns),
    ("memory_comes_from_one_of_many", memory::memory_comes_from_one_of_many),
    ("a_process_moves_node_by_node", moving::a_process_moves_node_by_node),
];
pub const ON_UNEVEN_NODES: &[Case] = &[
    ("pages_stay_where_they_are_put", witness::pages_stay_where_they_are_put),
    ("a_node_without_memory_is_named", || memory::one_node_is_missing(2, 1)),
    ("a_node_without_cpus_has_memory", memory::a_node_without_cpus_has_memory),
    ("cpus_without_memory_take_that_of_the_nearest", memory::cpus_without_memory_take_that_of_the_nearest),
];
pub const FILTERED: &[Case] = &[
    ("memory_is_had_without_binding", filtered::memory_is_had_without_binding),
    ("a_thread_goes_on_without_a_policy", filtered::a_thread_goes_on_without_a_policy),
    ("where_pages_are_is_found_without_move_pages", filtered::where_pages_are_is_found_without_move_pages),
    ("where_pages_are_is_found_in_a_file", filtered::where_pages_are_is_found_in_a_file),
    ("pages_stay_where_moving_is_refused", filtered::pages_stay_where_moving_is_refused),
];
