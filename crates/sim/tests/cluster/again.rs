//! A seed is the same run again, letter by letter.

use crate::process::run;

#[test]
fn a_seed_that_is_run_again_takes_the_same_course() {
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(3, 5));
        (run(3, 5), other.join().unwrap())
    });
    assert_eq!((first.digest, first.letters), (second.digest, second.letters));
    assert_ne!(first.digest, run(4, 5).digest, "another seed is another run");
}
