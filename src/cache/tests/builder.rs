use crate::cache::builder::shards_for;

#[test]
fn shards_are_as_many_as_wanted_or_up_to_twice_that_and_fill_their_tables_to_three_quarters() {
    for wanted in [1, 2, 16, 32, 100, 1_024] {
        for capacity in (0..26).flat_map(|power| [0, 1, 7].map(|more| (1usize << power) + more * (1 << power) / 8)) {
            let shards = shards_for(capacity, wanted);
            let each = capacity.div_ceil(shards);
            let places = (each * 8).div_ceil(7).next_power_of_two();
            if shards > 1 {
                assert!(each * 4 <= places * 3, "{capacity} entries in {shards} shards of {each}");
                // The last shard is the rest, so the others are of one size.
                assert!(each >= 384, "{capacity} entries in {shards} shards of {each}");
                assert!(shards <= 2 * wanted + 2, "{capacity} entries in {shards} shards, {wanted} wanted");
            }
            if capacity >= wanted * 768 {
                assert!(shards >= wanted, "{capacity} entries in {shards} shards, {wanted} wanted");
            }
        }
    }
}

#[test]
fn small_caches_have_one_shard_and_large_ones_not_too_many() {
    assert_eq!([1, 100, 767].map(|capacity| shards_for(capacity, 32)), [1; 3]);
    assert_eq!(shards_for(1 << 40, 1 << 30), 1 << 16);
    assert_eq!(shards_for(1_000, 0), shards_for(1_000, 1));
}
