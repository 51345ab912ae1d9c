//! A slice of the figures that `docs/ring.md` shows in full: measured by the same program, held against the same formulas.

#[path = "../../examples/figures/study/mod.rs"]
#[allow(dead_code, reason = "the full measure is for the program")]
mod study;

use study::{Scale, Study};

fn slice() -> Study {
    study::run(&Scale::quick(), |_| {})
}

#[test]
fn a_slice_agrees_with_the_papers() {
    let study = slice();

    for row in &study.path.rows {
        assert_eq!(row.wrong, 0, "2^{}", row.exponent);
        let off = row.deviation();
        assert!(off.abs() < 0.03, "2^{}: path off by {off}", row.exponent);
        // Evenly placed, half of the exponents are taken on average.
        let even = row.even.mean() / (f64::from(row.exponent) / 2.0) - 1.0;
        assert!(even.abs() < 0.03, "2^{}: even path off by {even}", row.exponent);
        assert!(row.ours.mean() < row.plain.mean());
    }

    for row in &study.failure.rows {
        assert_eq!(row.papers.failed, 0, "{}0 % failed", row.tenths);
    }
    assert!(study.failure.path_deviation() < 0.06);
    let half = study.failure.rows.last().expect("half of the machines fail");
    assert!(half.short.failed_percent() > 10.0, "lists of 4 are too short");
    assert!(half.short_back.failed_percent() < half.short.failed_percent());

    for row in &study.churn.rows {
        assert_eq!(row.failed, 0);
        // ½·log2 N − ½·log2 r + 1, with 100 machines and lists of 20.
        assert!((row.path.mean() - 2.16).abs() < 0.25, "path {}", row.path.mean());
        assert!(row.timeouts.mean() < 0.2);
    }

    let load = study.load.rows.last().expect("some keys");
    assert!(
        (load.random_p99() / 4.61 - 1.0).abs() < 0.1,
        "p99 {}",
        load.random_p99()
    );
    assert!(load.even_p99() <= 2.05, "p99 {}", load.even_p99());

    // What the page is made of.
    let page = study.page();
    assert!(
        page.contains("**reached**") && !page.contains("**not reached**"),
        "{page}"
    );
    for (name, plot) in study.plots() {
        let svg = plot.svg();
        assert!(
            svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
            "{name}"
        );
        assert!(page.contains(&format!("ring/{name}.svg")));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
}
