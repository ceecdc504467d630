//! Each policy against a second one that is written from its description, keeps lists, and goes through them.
//!
//! Both see the same table, whose order is given; they are to name the same victims and to know the same of each entry.

mod adaptive;
mod compare;
mod ghosts;
mod naive;
mod recency;
mod s3_fifo;
mod view;
mod window;

use adaptive::NaiveAdaptive;
pub(super) use ghosts::NaiveGhosts;
use naive::{Known, Naive};
use recency::NaiveRecency;
use s3_fifo::NaiveS3Fifo;
use view::View;
use window::NaiveWindow;
