//! The measurements, one module for each table of the page.
//!
//! **Invariant:** a lookup goes only where `Ring::next_hop` sends it; what is exact from the start are the pointers.

mod population;

mod sample;

mod plot;

pub(crate) mod path;

pub(crate) mod failure;

pub(crate) mod churn;

pub(crate) mod load;

mod page;

use plot::Plot;

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) seed: u64,
    pub(crate) path: path::Scale,
    pub(crate) failure: failure::Scale,
    pub(crate) churn: churn::Scale,
    pub(crate) load: load::Scale,
}

impl Scale {
    /// What the page shows.
    pub(crate) fn full() -> Self {
        Self {
            seed: 2001,
            path: path::Scale {
                exponents: 3..=17,
                machines: 1 << 18,
                rings_min: 4,
                lookups: 200_000,
            },
            failure: failure::Scale {
                rings: 50,
                lookups: 2000,
                large: Some(failure::Large {
                    exponent: 17,
                    lookups: 20_000,
                }),
            },
            churn: churn::Scale {
                machines: 1000,
                rates_percent: vec![5, 10, 15, 20, 25, 30, 35, 40],
                runs: 5,
                warm_up_s: 1800,
                lookups: 10_000,
            },
            load: load::Scale {
                machines: 10_000,
                keys: (1..=10).map(|step| step * 100_000).collect(),
                seeds: 20,
            },
        }
    }

    /// A slice of it, for a test.
    pub(crate) fn quick() -> Self {
        Self {
            seed: 2001,
            path: path::Scale {
                exponents: 7..=10,
                machines: 1 << 11,
                rings_min: 2,
                lookups: 8000,
            },
            failure: failure::Scale {
                rings: 1,
                lookups: 500,
                large: None,
            },
            churn: churn::Scale {
                machines: 100,
                rates_percent: vec![4],
                runs: 2,
                warm_up_s: 300,
                lookups: 300,
            },
            load: load::Scale {
                machines: 1000,
                keys: vec![10_000, 50_000],
                seeds: 2,
            },
        }
    }
}

/// What was measured.
pub(crate) struct Study {
    pub(crate) scale: Scale,
    pub(crate) path: path::Table,
    pub(crate) failure: failure::Table,
    pub(crate) churn: churn::Table,
    pub(crate) load: load::Table,
}

/// Measures all of it.
pub(crate) fn run(scale: &Scale, say: impl Fn(String)) -> Study {
    let path = path::measure(&scale.path, scale.seed, &say);
    let failure = failure::measure(&scale.failure, scale.seed, &say);
    let churn = churn::measure(&scale.churn, scale.seed, &say);
    let load = load::measure(&scale.load, scale.seed);
    Study {
        scale: scale.clone(),
        path,
        failure,
        churn,
        load,
    }
}

impl Study {
    /// The plots with their files' names.
    pub(crate) fn plots(&self) -> Vec<(&'static str, Plot)> {
        vec![
            ("path", self.path.plot()),
            ("distribution", self.path.plot_distribution()),
            ("failure", self.failure.plot()),
            ("churn", self.churn.plot()),
            ("load", self.load.plot()),
        ]
    }
}
