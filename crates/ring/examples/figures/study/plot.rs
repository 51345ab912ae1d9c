//! Plots as SVG: axes, lines, points and a legend, and nothing else.

use std::fmt::Write as _;

/// The picture, the field inside it, and the legend to its right, in pixels.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 380.0;

/// Colours that can be told apart by people who see few of them (Okabe and Ito).
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#56b4e9", "#e69f00",
];

/// One plot.
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) series: Vec<Series>,
}

/// Points that belong together.
pub(crate) struct Series {
    name: &'static str,
    points: Vec<(f64, f64)>,
    style: Style,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Line,
    Dashed,
    Points,
}

impl Series {
    /// Something measured.
    pub(crate) fn line(name: &'static str, points: Vec<(f64, f64)>) -> Self {
        let style = Style::Line;
        Self { name, points, style }
    }

    /// What theory says.
    pub(crate) fn dashed(name: &'static str, points: Vec<(f64, f64)>) -> Self {
        let style = Style::Dashed;
        Self { name, points, style }
    }

    /// What others have measured.
    pub(crate) fn points(name: &'static str, points: Vec<(f64, f64)>) -> Self {
        let style = Style::Points;
        Self { name, points, style }
    }
}

/// One axis: from where to where, with a mark at each step.
struct Axis {
    from: f64,
    to: f64,
    step: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, from_zero: bool) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(f64::NEG_INFINITY, f64::max);
        let least = if from_zero { least.min(0.0) } else { least };
        let width = (most - least).max(1e-9);
        let raw = width / 8.0;
        let magnitude = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|nice| nice * magnitude)
            .find(|&step| step >= raw)
            .unwrap_or(10.0 * magnitude);
        Self {
            from: (least / step).floor() * step,
            to: (most / step).ceil() * step,
            step,
        }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from).max(1e-9)
    }

    fn marks(&self) -> impl Iterator<Item = f64> + '_ {
        let count = ((self.to - self.from) / self.step).round() as u32;
        (0..=count).map(|place| self.from + self.step * f64::from(place))
    }

    fn label(&self, mark: f64) -> String {
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        format!("{mark:.digits$}")
    }
}

impl Plot {
    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let points = self.series.iter().flat_map(|series| series.points.iter());
        let x = Axis::over(points.clone().map(|point| point.0), false);
        let y = Axis::over(points.map(|point| point.1), true);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"13\" role=\"img\" aria-label=\"{title}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text x=\"{LEFT}\" y=\"28\" font-size=\"16\" font-weight=\"bold\">{title}</text>\n",
            title = escape(&self.title),
        );
        self.draw_axes(&mut svg, &x, &y);
        for (place, series) in self.series.iter().enumerate() {
            let at = |point: &(f64, f64)| {
                (
                    LEFT + x.share(point.0) * (RIGHT - LEFT),
                    BOTTOM - y.share(point.1) * (BOTTOM - TOP),
                )
            };
            let drawn: Vec<_> = series.points.iter().map(at).collect();
            let legend = TOP + 12.0 + place as f64 * 24.0;
            draw(&mut svg, series.style, place, &drawn);
            draw(
                &mut svg,
                series.style,
                place,
                &[(RIGHT + 18.0, legend), (RIGHT + 46.0, legend)],
            );
            add(
                &mut svg,
                &format!(
                    "<text x=\"{}\" y=\"{}\">{}</text>",
                    RIGHT + 54.0,
                    legend + 4.0,
                    escape(series.name)
                ),
            );
        }
        svg + "</svg>\n"
    }

    fn draw_axes(&self, svg: &mut String, x: &Axis, y: &Axis) {
        for mark in x.marks() {
            let at = LEFT + x.share(mark) * (RIGHT - LEFT);
            add(
                svg,
                &format!(
                    "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{BOTTOM}\" stroke=\"#e4e4e4\"/>\
                     <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    BOTTOM + 18.0,
                    x.label(mark)
                ),
            );
        }
        for mark in y.marks() {
            let at = BOTTOM - y.share(mark) * (BOTTOM - TOP);
            add(
                svg,
                &format!(
                    "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{RIGHT}\" y2=\"{at:.1}\" stroke=\"#e4e4e4\"/>\
                     <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                    LEFT - 8.0,
                    at + 4.0,
                    y.label(mark)
                ),
            );
        }
        add(
            svg,
            &format!(
                "<path d=\"M{LEFT} {TOP} V{BOTTOM} H{RIGHT}\" fill=\"none\" stroke=\"#333333\"/>\n\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
                 <text transform=\"translate(22 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                (LEFT + RIGHT) / 2.0,
                BOTTOM + 42.0,
                escape(&self.x),
                (TOP + BOTTOM) / 2.0,
                escape(&self.y),
            ),
        );
    }
}

fn draw(svg: &mut String, style: Style, place: usize, points: &[(f64, f64)]) {
    let colour = COLOURS[place % COLOURS.len()];
    if style != Style::Points {
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash = if style == Style::Dashed {
            " stroke-dasharray=\"6 4\""
        } else {
            ""
        };
        let line = path.join(" ");
        add(
            svg,
            &format!(
                "<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{dash}/>"
            ),
        );
    }
    if style != Style::Dashed {
        // What was measured here is a full point, what others have measured a ring; so it can be read without colours.
        let fill = if style == Style::Points { "none" } else { colour };
        let radius = if style == Style::Points { 4.5 } else { 2.5 };
        for (x, y) in points {
            add(
                svg,
                &format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
                ),
            );
        }
    }
}

fn add(svg: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(svg, "{line}");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
