//! Arithmetic on the circle of positions: how far it is clockwise, and what lies between.
//!
//! **Invariant:** every comparison of positions in this crate goes through here, so what "between" means where the
//! circle begins again, on a ring of one and on a ring of two is decided in one place.

use tertulia_types::Position;

/// The way from `a` clockwise to `b`; 0 only from a position to itself.
#[must_use]
pub fn distance(a: Position, b: Position) -> u64 {
    b.0.wrapping_sub(a.0)
}

/// Whether one meets `b` strictly between `a` and `c` when walking clockwise from `a`.
///
/// As Zave defines it: between `a` and `a` lies every other position, for the walk goes all the way round; `b` at
/// either end is not between.
#[must_use]
pub fn between(a: Position, b: Position, c: Position) -> bool {
    if a < c { a < b && b < c } else { a < b || b < c }
}

/// The position `2^exponent` further on, where the finger of that exponent points.
#[must_use]
pub fn ahead(from: Position, exponent: u8) -> Position {
    Position(from.0.wrapping_add(1_u64.wrapping_shl(u32::from(exponent))))
}

/// The position right behind `from`.
#[must_use]
pub(crate) fn next(from: Position) -> Position {
    Position(from.0.wrapping_add(1))
}

#[cfg(test)]
mod tests {
    use super::{ahead, between, distance};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use tertulia_types::Position;

    /// What a walk from `a`, step by step, comes by before it reaches `c`: on a circle of 16 positions, spread over ours.
    fn walk(a: u64, c: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        let mut at = (a + 1) % 16;
        while at != c && at != a {
            seen.push(at);
            at = (at + 1) % 16;
        }
        seen
    }

    #[test]
    fn between_is_what_a_walk_comes_by() {
        let spread = |place: u64| Position(place << 60);
        for a in 0..16 {
            for c in 0..16 {
                let seen = walk(a, c);
                for b in 0..16 {
                    let says = between(spread(a), spread(b), spread(c));
                    assert_eq!(says, seen.contains(&b), "{a} {b} {c}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn between_a_position_and_itself_lies_every_other(x in any::<u64>(), y in any::<u64>()) {
            prop_assert_eq!(between(Position(x), Position(y), Position(x)), x != y);
        }

        #[test]
        fn neither_end_lies_between(a in any::<u64>(), c in any::<u64>()) {
            prop_assert!(!between(Position(a), Position(a), Position(c)));
            prop_assert!(!between(Position(a), Position(c), Position(c)));
        }

        #[test]
        fn zaves_definition(a in any::<u64>(), b in any::<u64>(), c in any::<u64>()) {
            let zave = if a < c { a < b && b < c } else { a < b || b < c };
            prop_assert_eq!(between(Position(a), Position(b), Position(c)), zave);
        }

        #[test]
        fn of_two_others_one_lies_before_the_other(a in any::<u64>(), b in any::<u64>(), c in any::<u64>()) {
            let [a, b, c] = [Position(a), Position(b), Position(c)];
            if a != b && b != c && a != c {
                prop_assert!(between(a, b, c) != between(a, c, b));
                prop_assert_eq!(between(a, b, c), between(b, c, a));
                prop_assert_eq!(between(a, b, c), distance(a, b) < distance(a, c));
            }
        }

        #[test]
        fn turning_the_circle_changes_nothing(a in any::<u64>(), b in any::<u64>(), c in any::<u64>(), by in any::<u64>()) {
            let turned = |x: u64| Position(x.wrapping_add(by));
            let before = between(Position(a), Position(b), Position(c));
            prop_assert_eq!(between(turned(a), turned(b), turned(c)), before);
        }

        #[test]
        fn a_finger_starts_a_power_of_two_ahead(a in any::<u64>(), exponent in 0_u8..64) {
            prop_assert_eq!(distance(Position(a), ahead(Position(a), exponent)), 1 << exponent);
        }
    }
}
