//! What this service does not have, in the shape in which Mastodon's apps expect to be told.

use serde::de::IgnoredAny;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `[]`, always: media, emoji, filters, profile fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EmptyList;

impl Serialize for EmptyList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_seq(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for EmptyList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<IgnoredAny>::deserialize(deserializer).map(|_| Self)
    }
}

/// `{}`: the answer to an action that has nothing to tell (a body without JSON makes masto.js fail).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmptyObject {}

#[cfg(feature = "openapi")]
mod schema {
    use super::EmptyList;
    use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
    use utoipa::openapi::{RefOr, Schema};

    impl utoipa::PartialSchema for EmptyList {
        fn schema() -> RefOr<Schema> {
            ArrayBuilder::new()
                .items(ObjectBuilder::new())
                .max_items(Some(0))
                .into()
        }
    }

    impl utoipa::ToSchema for EmptyList {}
}
