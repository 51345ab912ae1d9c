//! The terminal, as the dialogues see it: it shows pages, and asks for lines and secrets.
//!
//! [`Editor`] edits lines with history and completion; [`Lines`] takes them as they come, from a pipe, a dumb terminal or
//! a test.
//!
//! **Invariant:** a secret is never shown, never enters the history, and is wiped from memory when it is dropped.

use crate::complete::Completions;
use crate::page::{Page, Paint};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use reedline::{
    ColumnarMenu, EditCommand, Emacs, ExternalPrinter, FileBackedHistory, MenuBuilder, Prompt,
    PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent, ReedlineMenu, Signal,
    default_emacs_keybindings,
};
use std::borrow::Cow;
use std::io::{BufRead, Write};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// The longest secret that is taken, in bytes.
const SECRET_BYTES_MAX: usize = 1_024;
/// How many lines the arrow keys reach back.
const HISTORY_LINES_MAX: usize = 500;
/// The name by which the line editor knows the list of completions.
const MENU: &str = "completions";

/// What a person did when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed<T> {
    /// Typed something.
    Line(T),
    /// Pressed Ctrl-C: not this.
    Cancelled,
    /// Pressed Ctrl-D, or the input has ended: no more.
    Ended,
}

/// A line to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What stands above, and goes when the line was typed: the choices.
    pub above: &'a str,
    /// What stands before the cursor.
    pub mark: &'a str,
    /// What stands there already, to be changed.
    pub draft: &'a str,
}

/// A terminal, or what stands for one.
pub trait Terminal {
    /// Shows a page.
    fn show(&mut self, page: &Page);
    /// Asks for a command; it enters the history.
    fn command(&mut self, question: &Question<'_>) -> Typed<String>;
    /// Asks for a line.
    fn line(&mut self, question: &Question<'_>) -> Typed<String>;
    /// Asks for something that nobody may see.
    fn secret(&mut self, mark: &str) -> Typed<Zeroizing<String>>;
    /// Waits until the person has read what is on the screen; false: they do not want to see the rest.
    fn pause(&mut self, mark: &str) -> bool;
    /// What completes from now on, and what the arrow keys bring back.
    fn learn(&mut self, completions: Completions, history: &[String]);
    /// What other threads can print with while a command is asked for; none where lines come as they come.
    fn printer(&self) -> Option<Printer> {
        None
    }
}

/// Prints above the line that is being typed.
#[derive(Debug, Clone, Default)]
pub struct Printer {
    /// To the editor of commands that is there now.
    sender: Arc<Mutex<Option<SyncSender<String>>>>,
}

impl Printer {
    /// Prints lines; says whether they were taken.
    #[must_use]
    pub fn print(&self, lines: Vec<String>) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let text = lines.join("\n");
        sender
            .as_ref()
            .is_some_and(|sender| sender.try_send(text).is_ok())
    }

    fn goes_to(&self, sender: SyncSender<String>) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }
}

/// Lines as they come.
#[derive(Debug)]
pub struct Lines<R, W> {
    input: R,
    output: W,
    paint: Paint,
    /// Whether the input is a keyboard, on which secrets must not be echoed.
    keyboard: bool,
}

impl<R: BufRead, W: Write> Lines<R, W> {
    /// Asks on `output`, reads from `input`.
    pub fn new(input: R, output: W, paint: Paint, keyboard: bool) -> Self {
        Self {
            input,
            output,
            paint,
            keyboard,
        }
    }

    /// What was written to.
    pub fn into_output(self) -> W {
        self.output
    }

    /// A terminal that does not take text any more cannot be told so.
    fn write(&mut self, text: &str) {
        let _ = self
            .output
            .write_all(text.as_bytes())
            .and_then(|()| self.output.flush());
    }

    fn read(&mut self) -> Typed<String> {
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(0) | Err(_) => Typed::Ended,
            Ok(_) => {
                line.truncate(line.trim_end_matches(['\n', '\r']).len());
                Typed::Line(line)
            }
        }
    }
}

impl<R: BufRead, W: Write> Terminal for Lines<R, W> {
    fn show(&mut self, page: &Page) {
        let text = page.print(self.paint);
        self.write(&text);
    }

    fn command(&mut self, question: &Question<'_>) -> Typed<String> {
        self.line(question)
    }

    fn line(&mut self, question: &Question<'_>) -> Typed<String> {
        self.write(&format!("{}{}", question.above, question.mark));
        self.read()
    }

    fn secret(&mut self, mark: &str) -> Typed<Zeroizing<String>> {
        self.write(mark);
        if self.keyboard {
            return hidden(&mut self.output);
        }
        match self.read() {
            Typed::Line(line) => Typed::Line(Zeroizing::new(line)),
            Typed::Cancelled => Typed::Cancelled,
            Typed::Ended => Typed::Ended,
        }
    }

    /// Nobody reads along: there is nothing to wait for.
    fn pause(&mut self, _mark: &str) -> bool {
        true
    }

    fn learn(&mut self, _completions: Completions, _history: &[String]) {}
}

/// Lines with history and completion, on the terminal of this process.
pub struct Editor {
    commands: Reedline,
    lines: Reedline,
    printer: Printer,
    paint: Paint,
}

impl Editor {
    /// The editor of this process's terminal.
    #[must_use]
    pub fn new(paint: Paint) -> Self {
        Self {
            commands: command_editor(paint),
            lines: editor(paint),
            printer: Printer::default(),
            paint,
        }
    }
}

impl std::fmt::Debug for Editor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Editor")
            .field("paint", &self.paint)
            .finish_non_exhaustive()
    }
}

impl Terminal for Editor {
    fn show(&mut self, page: &Page) {
        let mut screen = std::io::stdout().lock();
        let _ = screen
            .write_all(page.print(self.paint).as_bytes())
            .and_then(|()| screen.flush());
    }

    fn command(&mut self, question: &Question<'_>) -> Typed<String> {
        edit(&mut self.commands, question)
    }

    fn line(&mut self, question: &Question<'_>) -> Typed<String> {
        edit(&mut self.lines, question)
    }

    fn secret(&mut self, mark: &str) -> Typed<Zeroizing<String>> {
        let mut screen = std::io::stdout().lock();
        let _ = screen.write_all(mark.as_bytes()).and_then(|()| screen.flush());
        hidden(&mut screen)
    }

    fn pause(&mut self, mark: &str) -> bool {
        let mut screen = std::io::stdout().lock();
        let _ = screen.write_all(mark.as_bytes()).and_then(|()| screen.flush());
        let go_on = crossterm::terminal::enable_raw_mode().is_ok() && key_to_go_on();
        let _ = crossterm::terminal::disable_raw_mode();
        // The mark goes; what follows stands in its place.
        let _ = screen.write_all(b"\r\x1b[2K").and_then(|()| screen.flush());
        go_on
    }

    fn learn(&mut self, completions: Completions, history: &[String]) {
        let nicks = completions.nicks_only();
        let mut commands = command_editor(self.paint).with_completer(Box::new(completions));
        if let Ok(mut kept) = FileBackedHistory::new(HISTORY_LINES_MAX) {
            for line in history {
                let item = reedline::HistoryItem::from_command_line(line);
                // A line that is not remembered is only not offered again.
                let _ = reedline::History::save(&mut kept, item);
            }
            commands = commands.with_history(Box::new(kept));
        }
        let printer = ExternalPrinter::default();
        self.printer.goes_to(printer.sender());
        self.commands = commands.with_external_printer(printer);
        self.lines = editor(self.paint).with_completer(Box::new(nicks));
    }

    fn printer(&self) -> Option<Printer> {
        Some(self.printer.clone())
    }
}

/// When a command was typed, the choices go from the screen, and the command stays.
fn command_editor(paint: Paint) -> Reedline {
    let above = String::new();
    editor(paint).with_transient_prompt(Box::new(Marks {
        above,
        mark: "› ".to_owned(),
    }))
}

fn editor(paint: Paint) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let next = ReedlineEvent::UntilFound(vec![
        ReedlineEvent::Menu(MENU.to_owned()),
        ReedlineEvent::MenuNext,
    ]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, next);
    keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    Reedline::create()
        .with_ansi_colors(paint == Paint::Colours)
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(
            ColumnarMenu::default().with_name(MENU),
        )))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_history_exclusion_prefix(Some(" ".to_owned()))
        .disable_hints()
}

fn edit(editor: &mut Reedline, question: &Question<'_>) -> Typed<String> {
    editor.run_edit_commands(&[
        EditCommand::Clear,
        EditCommand::InsertString(question.draft.to_owned()),
    ]);
    let marks = Marks {
        above: question.above.to_owned(),
        mark: question.mark.to_owned(),
    };
    match editor.read_line(&marks) {
        Ok(Signal::Success(line) | Signal::HostCommand(line) | Signal::ExternalBreak(line)) => {
            Typed::Line(line)
        }
        Ok(Signal::CtrlC) => Typed::Cancelled,
        Ok(Signal::CtrlD) => Typed::Ended,
        Ok(_) => Typed::Cancelled,
        // The terminal is gone, or does not answer.
        Err(_) => Typed::Ended,
    }
}

/// The marks around a line.
struct Marks {
    above: String,
    mark: String,
}

impl Prompt for Marks {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.above)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed(&self.mark)
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("  ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("({}) › ", search.term))
    }

    fn get_prompt_color(&self) -> reedline::Color {
        reedline::Color::Default
    }

    fn get_indicator_color(&self) -> reedline::Color {
        reedline::Color::Cyan
    }
}

/// Reads a line from the keyboard without showing it: a star for each character.
fn hidden(screen: &mut impl Write) -> Typed<Zeroizing<String>> {
    if crossterm::terminal::enable_raw_mode().is_err() {
        return Typed::Ended;
    }
    let typed = hidden_keys(screen);
    let _ = crossterm::terminal::disable_raw_mode();
    let _ = screen.write_all(b"\n").and_then(|()| screen.flush());
    typed
}

/// Waits for a key: Ctrl-C, Ctrl-D, Escape and q mean that it is enough.
fn key_to_go_on() -> bool {
    loop {
        match crossterm::event::read() {
            Ok(Event::Key(KeyEvent {
                code,
                modifiers,
                kind: KeyEventKind::Press,
                ..
            })) => {
                let control = modifiers.contains(KeyModifiers::CONTROL);
                return !(control || matches!(code, KeyCode::Esc | KeyCode::Char('q')));
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

fn hidden_keys(screen: &mut impl Write) -> Typed<Zeroizing<String>> {
    // Of its full size from the start: growing would leave copies behind.
    let mut secret = Zeroizing::new(String::with_capacity(SECRET_BYTES_MAX));
    loop {
        let Ok(event) = crossterm::event::read() else {
            return Typed::Ended;
        };
        let Event::Key(KeyEvent {
            code,
            modifiers,
            kind: KeyEventKind::Press | KeyEventKind::Repeat,
            ..
        }) = event
        else {
            continue;
        };
        let control = modifiers.contains(KeyModifiers::CONTROL);
        let echo: &[u8] = if code == KeyCode::Enter {
            return Typed::Line(secret);
        } else if code == KeyCode::Backspace {
            if secret.pop().is_some() { b"\x08 \x08" } else { b"" }
        } else if let KeyCode::Char(char) = code {
            match (char, control) {
                ('c', true) => return Typed::Cancelled,
                ('d', true) if secret.is_empty() => return Typed::Ended,
                (_, true) => b"",
                (char, false) if secret.len() + char.len_utf8() > SECRET_BYTES_MAX => b"",
                (char, false) => {
                    secret.push(char);
                    b"*"
                }
            }
        } else {
            b""
        };
        let _ = screen.write_all(echo).and_then(|()| screen.flush());
    }
}
