//! The channels under one set of names.

use crate::suite::payload::Payload;
use crossfire::mpmc::Array;
use std::sync::mpsc;

/// A bounded channel whose calls wait.
pub trait Channel<T> {
    /// Sends.
    type Sender: Send;
    /// Receives.
    type Receiver: Send;

    /// A channel with so many ends of either kind.
    fn ends(capacity: usize, senders: usize, receivers: usize) -> (Vec<Self::Sender>, Vec<Self::Receiver>);
    /// Waits for room.
    fn send(sender: &Self::Sender, item: T);
    /// Waits for an item; `None` once the channel is closed and drained.
    fn recv(receiver: &Self::Receiver) -> Option<T>;
    /// An item that is there.
    fn try_recv(receiver: &Self::Receiver) -> Option<T>;

    /// Sends all of `items`, by the channel's bulk call where it has one.
    fn send_all(sender: &Self::Sender, items: &mut Vec<T>) {
        items.drain(..).for_each(|item| Self::send(sender, item));
    }

    /// Waits for an item, then takes what is there, about `max` in all, by the channel's bulk call where it has one;
    /// takes nothing once the channel is closed and drained.
    fn recv_many(receiver: &Self::Receiver, items: &mut Vec<T>, max: usize) {
        items.extend(Self::recv(receiver));
        if !items.is_empty() {
            items.extend((1..max).map_while(|_| Self::try_recv(receiver)));
        }
    }
}

/// A channel of that name: types of its ends, how it is made, copies of its receiver, what its `try_recv` gives as an
/// option, and its bulk calls.
macro_rules! channel {
    ($name:ident: $sender:ty => $receiver:ty, $bounded:path, $receivers:expr, $try_recv:expr $(, $bulk:item)*) => {
        #[doc = concat!("Made by `", stringify!($bounded), "`.")]
        #[derive(Debug)]
        pub struct $name;

        impl<T: Payload> Channel<T> for $name {
            type Sender = $sender;
            type Receiver = $receiver;

            fn ends(capacity: usize, senders: usize, receivers: usize) -> (Vec<Self::Sender>, Vec<Self::Receiver>) {
                let (sender, receiver) = $bounded(capacity);
                (vec![sender; senders], $receivers(receiver, receivers))
            }

            #[inline]
            fn send(sender: &Self::Sender, item: T) {
                assert!(sender.send(item).is_ok(), "receivers are there to the end");
            }

            #[inline]
            fn recv(receiver: &Self::Receiver) -> Option<T> {
                receiver.recv().ok()
            }

            #[inline]
            fn try_recv(receiver: &Self::Receiver) -> Option<T> {
                $try_recv(receiver.try_recv())
            }

            $($bulk)*
        }
    };
}

fn copies<R: Clone>(receiver: R, receivers: usize) -> Vec<R> {
    vec![receiver; receivers]
}

fn only<R>(receiver: R, receivers: usize) -> Vec<R> {
    assert_eq!(receivers, 1, "it has one receiver");
    vec![receiver]
}

channel!(
    Bedplate: bedplate::channel::Sender<T> => bedplate::channel::Receiver<T>,
    bedplate::channel::bounded, copies, Result::ok,
    fn send_all(sender: &Self::Sender, items: &mut Vec<T>) {
        assert!(sender.send_all(items).is_ok(), "receivers are there to the end");
    },
    fn recv_many(receiver: &Self::Receiver, items: &mut Vec<T>, max: usize) {
        let received = receiver.recv_many(items, max).unwrap_or(0);
        assert_eq!(received, items.len(), "the count of a bulk receive is that of its items");
    }
);
channel!(
    Crossbeam: crossbeam::channel::Sender<T> => crossbeam::channel::Receiver<T>,
    crossbeam::channel::bounded, copies, Result::ok
);
channel!(Flume: flume::Sender<T> => flume::Receiver<T>, flume::bounded, copies, Result::ok);
channel!(
    FlumeDrain: flume::Sender<T> => flume::Receiver<T>, flume::bounded, copies, Result::ok,
    fn recv_many(receiver: &Self::Receiver, items: &mut Vec<T>, _max: usize) {
        items.extend(Self::recv(receiver));
        items.extend(receiver.drain());
    }
);
channel!(Kanal: kanal::Sender<T> => kanal::Receiver<T>, kanal::bounded, copies, |got| Result::ok(got).flatten());
channel!(
    KanalDrain: kanal::Sender<T> => kanal::Receiver<T>, kanal::bounded, copies, |got| Result::ok(got).flatten(),
    fn recv_many(receiver: &Self::Receiver, items: &mut Vec<T>, _max: usize) {
        items.extend(Self::recv(receiver));
        receiver.drain_into(items).expect("receivers are there to the end");
    }
);
channel!(Std: mpsc::SyncSender<T> => mpsc::Receiver<T>, mpsc::sync_channel, only, Result::ok);
channel!(
    Crossfire: crossfire::MTx<Array<T>> => crossfire::MRx<Array<T>>, crossfire::mpmc::bounded_blocking, copies, Result::ok
);
