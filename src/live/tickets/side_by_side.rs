//! Many servers at a time, of which the silent ones do not hold up the others.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
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
    let parallel = parallel.max(1);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let mut waiting = items.iter().enumerate().peekable();
        let mut running: Vec<(usize, Instant)> = Vec::new();
        loop {
            let now = Instant::now();
            let silent = |(_, since): &&(usize, Instant)| now.duration_since(*since) >= patience;
            let mut talking = running.len() - running.iter().filter(silent).count();
            while talking < parallel && running.len() < parallel + MAX_WAITING {
                let Some((at, item)) = waiting.next() else { break };
                running.push((at, now));
                talking += 1;
                let report = Report { at, sender: sender.clone(), answer: None };
                scope.spawn(move || report.with(ask(item)));
            }
            if running.is_empty() {
                break;
            }
            let next_silent = running.iter().map(|(_, since)| *since + patience).filter(|silent| *silent > now).min();
            let wait = match next_silent {
                Some(silent) if waiting.peek().is_some() => silent.duration_since(now),
                _ => Duration::from_hours(1),
            };
            match receiver.recv_timeout(wait) {
                Ok((at, answer)) => {
                    running.retain(|(running, _)| *running != at);
                    if let Some(answer) = &answer {
                        said(answer);
                    }
                    if let Some(place) = answers.get_mut(at) {
                        *place = answer;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    answers.into_iter().flatten().collect()
}

/// Reports an answer, or that there is none, however the thread ends.
struct Report<A> {
    at: usize,
    sender: Sender<(usize, Option<A>)>,
    answer: Option<A>,
}

impl<A> Report<A> {
    fn with(mut self, answer: A) {
        self.answer = Some(answer);
    }
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
    use std::sync::Mutex;
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
        let answers = side_by_side(&items, 4, Duration::from_secs(60), &ask, &mut |_| told += 1);
        assert_eq!(answers, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(most.into_inner() <= 4);
        assert_eq!(told, 40);
    }

    #[test]
    fn silent_ones_give_their_places_to_the_others() {
        let others_answered = (Mutex::new(0), std::sync::Condvar::new());
        let items: Vec<bool> = (0..30).map(|at| at < 10).collect();
        // A silent one answers only after all others did: that could never end if they held up the two places.
        let ask = |silent: &bool| {
            let mut answered = others_answered.0.lock().unwrap();
            if *silent {
                drop(others_answered.1.wait_while(answered, |answered| *answered < 20).unwrap());
            } else {
                *answered += 1;
                others_answered.1.notify_all();
            }
            *silent
        };
        let mut order = Vec::new();
        let answers = side_by_side(&items, 2, Duration::from_millis(5), &ask, &mut |silent| order.push(*silent));
        assert_eq!(answers, items);
        assert_eq!(order.iter().position(|silent| *silent), Some(20));
    }
}
