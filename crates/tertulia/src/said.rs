//! What ends the program, said to a person in their language, with the exit status that scripts see.

/// An error whose text is meant for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Said {
    text: String,
    status: u8,
}

impl Said {
    /// It is refused.
    pub(crate) fn refused(text: String) -> Self {
        Self { text, status: 1 }
    }

    /// It was asked for in the wrong way.
    pub(crate) fn misused(text: String) -> Self {
        Self { text, status: 2 }
    }

    /// Nobody was reached.
    pub(crate) fn unreachable(text: String) -> Self {
        Self { text, status: 3 }
    }

    /// The exit status of an error: its own, or that of a refusal.
    pub(crate) fn status_of(error: &anyhow::Error) -> u8 {
        error.downcast_ref::<Self>().map_or(1, |said| said.status)
    }
}

#[cfg(test)]
mod tests {
    use super::Said;
    use anyhow::{Context, anyhow};

    #[test]
    fn the_status_is_kept_under_more_words() {
        let text = || "nobody answers".to_owned();
        assert_eq!(Said::status_of(&anyhow!("anything")), 1);
        assert_eq!(Said::status_of(&Said::refused(text()).into()), 1);
        assert_eq!(Said::status_of(&Said::misused(text()).into()), 2);
        let error = Err::<(), _>(Said::unreachable(text()))
            .context("joining")
            .unwrap_err();
        assert_eq!(
            (Said::status_of(&error), format!("{error:#}")),
            (3, "joining: nobody answers".to_owned())
        );
    }
}
