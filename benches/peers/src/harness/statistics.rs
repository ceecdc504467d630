/// The middle and the ends of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The greatest.
    pub greatest: f64,
}

/// The spread of `figures`.
///
/// # Panics
///
/// If there is no figure, or one is not a number: a measurement that gave none must not pass for one.
pub fn spread(figures: &[f64]) -> Spread {
    assert!(figures.iter().all(|figure| !figure.is_nan()), "a figure is not a number: {figures:?}");
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (&least, &greatest) = sorted.first().zip(sorted.last()).expect("at least one round");
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
    Spread { least, median, greatest }
}

/// The figure that `percent` of `figures` do not exceed, by the nearest rank. Reorders them.
///
/// # Panics
///
/// If there is no figure, or `percent` is not from 1 to 100.
pub fn percentile(figures: &mut [u64], percent: usize) -> u64 {
    assert!((1..=100).contains(&percent), "there is no percentile {percent}");
    let rank = (figures.len() * percent).div_ceil(100);
    let (_, &mut figure, _) = figures.select_nth_unstable(rank.checked_sub(1).expect("at least one figure"));
    figure
}
