//! One run: machines, people, trouble; then everything is mended, and what is there is held against what people were told.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tertulia_types::{Bug, Role};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::Name;
use super::census;
use super::chance::Chance;
use super::entropy;
use super::invariant;
use super::people::{Habit, Town};
use super::plan::Plan;
use super::report::Outcome;
use super::rest;
use super::settings::Settings;
use super::trace::Trace;
use super::watch::Watch;
use super::world::{Part, World};

/// Stack of the thread that does all the work; in debug builds futures are large.
const STACK_BYTES: usize = 64 << 20;

/// Between two looks at whether something has panicked.
const LOOK: Duration = Duration::from_millis(100);

/// Panics, wherever they were.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Runs once, on a thread of its own.
///
/// One run at a time in a process: panics are the process's, and so is a number from which the runtime takes its randomness. For a run to be repeated
/// exactly it must be the first in its process.
#[must_use]
pub fn run(settings: &Settings) -> Outcome {
    std::panic::set_hook(Box::new(|panic| {
        let trace = std::backtrace::Backtrace::force_capture();
        let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        panics.push(format!("{panic}\n{trace}"));
    }));
    let own = settings.clone();
    let thread = std::thread::Builder::new()
        .name("run".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || run_here(&own));
    let outcome = match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::broken(settings.seed, "the run itself panicked", take_panics()),
        Err(error) => Outcome::broken(settings.seed, &error.to_string(), Vec::new()),
    };
    drop(std::panic::take_hook());
    outcome
}

fn run_here(settings: &Settings) -> Outcome {
    #[cfg(debug_assertions)]
    if let Some(bug) = settings.bug.filter(|_| settings.is_planted) {
        bug.plant();
    }
    entropy::arm(settings.seed);
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let trace = Trace::default();
    let log = tracing_subscriber::registry()
        .with(EnvFilter::new(&settings.log))
        .with(trace.layer());
    let mut outcome = tracing::subscriber::with_default(log, || {
        runtime.block_on(async {
            trace.begin();
            live(settings, &trace).await
        })
    });
    drop(runtime);
    outcome.real_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if settings.is_kept || !outcome.breaches.is_empty() {
        outcome.trace = trace.save(&settings.trace).ok().map(|()| settings.trace.clone());
    }
    outcome
}

/// A ring is founded, and the first machines join it, while nothing goes wrong.
async fn gather(world: &World, chance: &mut Chance) -> Vec<Name> {
    let replicas = if chance.permille(300) { 5 } else { 3 };
    let groups = u32::try_from(chance.between(1, 2)).unwrap_or(1);
    let count = u8::try_from(chance.between(3, 5)).unwrap_or(3);
    let names: Vec<Name> = (0..count).map(Name).collect();
    world.found(names[0], groups, replicas).await;
    for name in &names[1..] {
        let role = match chance.below(10) {
            0 if name.0 > 2 => Role::Gateway,
            1 | 2 => Role::Replica,
            _ => Role::Node,
        };
        world.join(*name, role).await;
        let is_in = async || matches!(world.part(*name), Some(Part::In(_)));
        world.until("the newcomer has its place", is_in).await;
    }
    rest::until_settled(world).await;
    names
}

async fn live(settings: &Settings, trace: &Trace) -> Outcome {
    let world = if settings.is_lying {
        World::lying(settings.seed, trace.clone())
    } else {
        World::new(settings.seed, trace.clone())
    };
    let town = Town::new(world.clone(), habit(settings));
    let watch = Watch::new(world.clone());
    let course = take_course(settings, &world, &town, &watch);
    if settings.bug.is_some() {
        tokio::select! {
            () = course => {}
            () = world.until_broken() => {}
            () = until_panicked() => {}
        }
    } else {
        course.await;
    }
    for panic in take_panics() {
        world.breach("nothing panics", panic);
    }
    Outcome::of(&world, &town.ledger(), &watch.sightings(), settings)
}

/// How people live in a run: as the bug needs it that is to be found.
fn habit(settings: &Settings) -> Habit {
    match settings.bug {
        None => Habit::Usual,
        Some(Bug::KeptEntries) => Habit::Fickle,
        Some(_) => Habit::Busy,
    }
}

/// All that happens in a run.
async fn take_course(settings: &Settings, world: &World, town: &Town, watch: &Watch) {
    let mut chance = Chance::new(settings.seed, "run");
    let names = gather(world, &mut chance).await;
    let watching = tokio::spawn(watch.clone().run());

    let home = CancellationToken::new();
    let mut people = usize::try_from(chance.between(4, 10)).unwrap_or(4);
    if habit(settings) == Habit::Busy {
        people *= 2;
    }
    let living = tokio::spawn({
        let (town, home) = (town.clone(), home.clone());
        async move { town.live(people, &home).await }
    });
    let plan = match settings.bug {
        Some(bug) => Plan::against(bug, settings.seed, &names, settings.length),
        None => Plan::new(settings.seed, &names, settings.length),
    };
    let trouble = tokio::spawn({
        let world = world.clone();
        async move { plan.run(&world).await }
    });
    tokio::time::sleep(settings.length).await;
    // What it has begun ends with it.
    drop(trouble.await);
    home.cancel();
    drop(living.await);

    world.mend().await;
    if rest::until_at_rest(world).await {
        match census::take(town).await {
            Ok(census) => {
                for (name, what) in invariant::wrong(&town.ledger(), &census) {
                    world.breach(name, what);
                }
            }
            Err(unread) => world.breach("liveness", format!("cannot be read at the end: {unread}")),
        }
    }
    world
        .until("nothing is left of the machines that went down", async || {
            world.ghosts() == 0
        })
        .await;
    watching.abort();
}

/// Waits until something has panicked.
async fn until_panicked() {
    while PANICS.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        tokio::time::sleep(LOOK).await;
    }
}

fn take_panics() -> Vec<String> {
    std::mem::take(&mut PANICS.lock().unwrap_or_else(PoisonError::into_inner))
}
