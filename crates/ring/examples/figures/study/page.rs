//! The page: what was measured, how, and whether it is what it should be.

use super::Study;

impl Study {
    /// The page in Markdown.
    pub(crate) fn page(&self) -> String {
        let verdict = |is_reached| {
            if is_reached {
                "**reached**"
            } else {
                "**not reached**"
            }
        };
        let distribution = self
            .path
            .distribution_error()
            .map_or("shown for another size".to_owned(), |error| {
                format!("{}: off by {error:.2} at most", verdict(error <= 0.5))
            });
        format!(
            include_str!("page.md"),
            seed = self.scale.seed,
            path_lookups = self.scale.path.lookups,
            path = self.path.markdown(),
            path_reach = verdict(self.path.is_reached()),
            distribution = self.path.markdown_distribution(),
            distribution_reach = distribution,
            failure_rings = self.scale.failure.rings,
            failure_lookups = self.scale.failure.lookups,
            failure = self.failure.markdown(),
            failure_reach = verdict(self.failure.is_reached()),
            failure_lists = self.failure.markdown_lists(),
            churn_runs = self.scale.churn.runs,
            churn_warm_up = self.scale.churn.warm_up_s / 60,
            churn = self.churn.markdown(),
            churn_reach = verdict(self.churn.is_reached()),
            load_seeds = self.scale.load.seeds,
            load_machines = self.load.machines,
            load = self.load.markdown(),
            load_reach = verdict(self.load.is_reached()),
        )
    }
}
