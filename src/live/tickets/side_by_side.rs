//! Many servers at a time, of which the silent ones do not hold up the others.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most threads that wait for silent servers, beside those that talk.
const MAX_WAITING: usize = 256;

/// Asks about each of `items`, and tells `said` of each answer as it comes; the answers stand in the order of `items`.
///
/// At most `parallel` are asked at a time. One that has taken longer than `patience` does not count any more: silent
/// servers would otherwise take every place, one timeout after the other.
pub(super) fn side_by_side<T: Sync, A: Send>(
    items: &[T],
    parallel: usize,
    patience: Duration,
    ask: &(dyn Fn(&T) -> A + Sync),
    said: &mut dyn FnMut(&A),
) -> Vec<A> {
    let mut answers: Vec<Option<A>> = items.iter().map(|_| None).collect();
    let places = Places { all: items.len(), state: Mutex::new(State { next: 0, taken: Vec::new(), waiting: 0 }) };
    let places = &places;
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let start = |sender: Sender<(usize, Option<A>)>| scope.spawn(move || work(items, places, ask, &sender));
        for _ in 0..parallel.max(1).min(items.len()) {
            start(sender.clone());
        }
        let mut missing = items.len();
        while missing > 0 {
            match receiver.recv_timeout(patience / 4) {
                Ok((at, Some(answer))) => {
                    said(&answer);
                    missing -= 1;
                    if let Some(place) = answers.get_mut(at) {
                        *place = Some(answer);
                    }
                }
                // A thread that ended without an answer panicked, which the scope passes on.
                Ok((_, None)) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            for _ in 0..places.give_away(patience) {
                start(sender.clone());
            }
        }
    });
    answers.into_iter().flatten().collect()
}

/// Asks about one after the other, until there are no more or the place was given away.
fn work<T, A>(items: &[T], places: &Places, ask: &dyn Fn(&T) -> A, sender: &Sender<(usize, Option<A>)>) {
    while let Some((at, item)) = places.take().and_then(|at| Some((at, items.get(at)?))) {
        let mut report = Report { at, sender: sender.clone(), answer: None };
        report.answer = Some(ask(item));
        let stays = places.leave(at);
        drop(report);
        if !stays {
            break;
        }
    }
}

/// Who is being asked.
struct Places {
    all: usize,
    state: Mutex<State>,
}

struct State {
    next: usize,
    /// The items in a place, and since when.
    taken: Vec<(usize, Instant)>,
    /// The items whose place was given away.
    waiting: usize,
}

impl Places {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item, where there is one.
    fn take(&self) -> Option<usize> {
        let mut state = self.state();
        let at = Some(state.next).filter(|at| *at < self.all)?;
        state.next += 1;
        state.taken.push((at, Instant::now()));
        Some(at)
    }

    /// Whether its place is still its own when an item is done with.
    fn leave(&self, at: usize) -> bool {
        let mut state = self.state();
        match state.taken.iter().position(|(taken, _)| *taken == at) {
            Some(place) => {
                state.taken.swap_remove(place);
                true
            }
            None => {
                state.waiting -= 1;
                false
            }
        }
    }

    /// How many silent ones lose their places to those that were not asked yet.
    fn give_away(&self, patience: Duration) -> usize {
        let mut state = self.state();
        let mut free = (self.all - state.next).min(MAX_WAITING - state.waiting);
        let before = state.taken.len();
        state.taken.retain(|(_, since)| {
            let stays = free == 0 || since.elapsed() < patience;
            free -= usize::from(!stays);
            stays
        });
        let given = before - state.taken.len();
        state.waiting += given;
        given
    }
}

/// Reports an answer, or that there is none, however the thread ends.
struct Report<A> {
    at: usize,
    sender: Sender<(usize, Option<A>)>,
    answer: Option<A>,
}

impl<A> Drop for Report<A> {
    fn drop(&mut self) {
        // Whoever waited may be gone.
        let _ = self.sender.send((self.at, self.answer.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Condvar;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_are_asked_at_a_time_than_may_be_and_the_order_stays() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..40).collect();
        let ask = |item: &usize| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(2));
            now.fetch_sub(1, Ordering::SeqCst);
            item * 2
        };
        let mut told = 0;
        let answers = side_by_side(&items, 4, Duration::from_mins(1), &ask, &mut |_| told += 1);
        assert_eq!(answers, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(most.into_inner() <= 4);
        assert_eq!(told, 40);
    }

    #[test]
    fn silent_ones_give_their_places_to_the_others() {
        let others_answered = (Mutex::new(0), Condvar::new());
        let items: Vec<bool> = (0..30).map(|at| at < 10).collect();
        // A silent one ends only after all others answered: in time only if it does not hold up the two places.
        let ask = |silent: &bool| {
            let mut answered = others_answered.0.lock().unwrap();
            if *silent {
                let wait = others_answered.1.wait_timeout_while(answered, Duration::from_mins(1), |count| *count < 20);
                return !wait.unwrap().1.timed_out();
            }
            *answered += 1;
            others_answered.1.notify_all();
            true
        };
        let answers = side_by_side(&items, 2, Duration::from_millis(5), &ask, &mut |_| {});
        assert_eq!(answers, [true; 30]);
    }
}
