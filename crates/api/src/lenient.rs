//! Parameters as apps really send them, read into ordinary structs.
//!
//! The same parameter arrives as `"1"`, `True`, `on` or a JSON `true`; a list as `id[]=1&id[]=2`, as a single `id=1`
//! or as a JSON array; a nested one as `source[privacy]=private` (W2 to W4 in docs/apps.md). [`Fields`] collects what came, from
//! the query string and the body, and [`Fields::read`] gives it the shape that the handler's struct asks for.
//!
//! **Invariant:** what a caller sends is bounded in number and depth before it is read.
//!
//! Deliberately absent: files. This service stores no media, so a file part of a form is passed over.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::{Error, Map, Value};

/// More pairs than any endpoint has parameters, lists of ids included.
pub(crate) const PAIRS_MAX: usize = 512;
/// `poll[options][]` is the deepest that Mastodon knows.
const DEPTH_MAX: usize = 4;

/// Parameters, by name.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    tree: Map<String, Value>,
    pairs: usize,
}

/// More parameters than are read.
#[derive(Debug)]
pub(crate) struct TooMany;

impl Fields {
    /// Adds the pairs of a query string or of a form.
    pub(crate) fn add_urlencoded(&mut self, encoded: &[u8]) -> Result<(), TooMany> {
        for (name, value) in form_urlencoded::parse(encoded) {
            self.add(&name, value.into_owned())?;
        }
        Ok(())
    }

    /// Adds one pair; `name` may be `plain`, `list[]` or `outer[inner]`.
    pub(crate) fn add(&mut self, name: &str, value: String) -> Result<(), TooMany> {
        self.pairs += 1;
        if self.pairs > PAIRS_MAX {
            return Err(TooMany);
        }
        let mut path: Vec<&str> = name
            .split('[')
            .map(|key| key.strip_suffix(']').unwrap_or(key))
            .collect();
        let is_list = path.len() > 1 && path.last() == Some(&"");
        if is_list {
            path.pop();
        }
        if path.len() <= DEPTH_MAX && path.iter().all(|key| !key.is_empty()) {
            insert(&mut self.tree, &path, Value::String(value), is_list);
        }
        Ok(())
    }

    /// Adds the members of a JSON object; they come before what the query string said.
    pub(crate) fn add_json(&mut self, object: Map<String, Value>) {
        self.tree.extend(object);
    }

    /// The struct that the handler asks for.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(Lenient(Value::Object(self.tree)))
    }
}

/// Puts a value at its place. The same name twice makes a list: the reader of a single value takes the last.
fn insert(tree: &mut Map<String, Value>, path: &[&str], value: Value, is_list: bool) {
    let Some((key, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        match tree.get_mut(*key) {
            Some(Value::Array(list)) => list.push(value),
            Some(there @ (Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_))) => {
                *there = Value::Array(vec![there.take(), value]);
            }
            Some(Value::Object(_)) => {}
            None => {
                let value = if is_list { Value::Array(vec![value]) } else { value };
                tree.insert((*key).to_owned(), value);
            }
        }
        return;
    }
    let inner = tree.entry(*key).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        insert(inner, rest, value, is_list);
    }
}

/// A value that becomes what the reader asks for.
struct Lenient(Value);

impl Lenient {
    /// The value; of a list where one is asked for, its last.
    fn single(self) -> Value {
        match self.0 {
            Value::Array(mut list) => list.pop().unwrap_or(Value::Null),
            single @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)) => single,
        }
    }

    fn number<T: std::str::FromStr>(self) -> Result<T, Error> {
        let text = match self.single() {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(Error::custom("expected a number"));
            }
        };
        text.trim()
            .parse()
            .map_err(|_| Error::custom(format!("{text:?} is not a number")))
    }
}

impl IntoDeserializer<'_, Error> for Lenient {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.number::<$type>()?)
        })*
    };
}

impl<'de> Deserializer<'de> for Lenient {
    type Error = Error;

    numbers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let truth = match self.single() {
            Value::Bool(truth) => truth,
            Value::Number(number) => number.as_i64() != Some(0),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "t" | "on" | "yes" => true,
                "" | "0" | "false" | "f" | "off" | "no" => false,
                _ => return Err(Error::custom(format!("{text:?} is neither true nor false"))),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(Error::custom("expected true or false"));
            }
        };
        visitor.visit_bool(truth)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.single() {
            Value::String(text) => visitor.visit_string(text),
            Value::Number(number) => visitor.visit_string(number.to_string()),
            Value::Bool(truth) => visitor.visit_string(truth.to_string()),
            Value::Null => visitor.visit_string(String::new()),
            Value::Array(_) | Value::Object(_) => Err(Error::custom("expected a text")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let list = match self.0 {
            Value::Array(list) => list,
            Value::Null => Vec::new(),
            // Some clients number the elements: `ids[0]=…&ids[1]=…`.
            Value::Object(numbered) => numbered.into_iter().map(|(_, value)| value).collect(),
            single @ (Value::Bool(_) | Value::Number(_) | Value::String(_)) => vec![single],
        };
        visitor.visit_seq(SeqDeserializer::new(list.into_iter().map(Lenient)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(object) => visitor.visit_map(MapDeserializer::new(
                object.into_iter().map(|(key, value)| (key, Lenient(value))),
            )),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(Error::custom("expected named parameters"))
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.single().deserialize_enum(name, variants, visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, PAIRS_MAX};
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Asked {
        id: Vec<String>,
        flag: Option<bool>,
        limit: Option<u32>,
        source: Source,
        status: String,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Source {
        privacy: Option<String>,
    }

    fn from_form(encoded: &str) -> Asked {
        let mut fields = Fields::default();
        fields.add_urlencoded(encoded.as_bytes()).expect("few pairs");
        fields.read().expect("readable")
    }

    fn from_json(json: &str) -> Asked {
        let mut fields = Fields::default();
        fields.add_json(serde_json::from_str(json).expect("an object"));
        fields.read().expect("readable")
    }

    #[test]
    fn w3_booleans_come_in_many_spellings() {
        for yes in ["1", "true", "True", "on"] {
            assert_eq!(from_form(&format!("flag={yes}")).flag, Some(true), "{yes}");
        }
        for no in ["0", "false", "False", "off", ""] {
            assert_eq!(from_form(&format!("flag={no}")).flag, Some(false), "{no}");
        }
        assert_eq!(from_json(r#"{"flag":true}"#).flag, Some(true));
        assert_eq!(from_json(r#"{"flag":0}"#).flag, Some(false));
        assert_eq!(from_json(r#"{"flag":null}"#).flag, None);
        let mut fields = Fields::default();
        fields.add_urlencoded(b"flag=perhaps").expect("few pairs");
        assert!(fields.read::<Asked>().is_err());
    }

    #[test]
    fn w4_lists_come_in_many_spellings() {
        for one in ["id=1", "id[]=1", "id%5B%5D=1", "id[0]=1"] {
            assert_eq!(from_form(one).id, ["1"], "{one}");
        }
        for two in ["id=1&id=2", "id[]=1&id[]=2", "id[0]=1&id[1]=2"] {
            assert_eq!(from_form(two).id, ["1", "2"], "{two}");
        }
        assert_eq!(from_json(r#"{"id":["1",2]}"#).id, ["1", "2"]);
        assert_eq!(from_json(r#"{"id":7}"#).id, ["7"]);
    }

    #[test]
    fn w4_nested_parameters() {
        let asked =
            from_form("source[privacy]=private&source[fields][0][name]=x&limit=20&status=hola+%26+chau");
        assert_eq!(asked.source.privacy.as_deref(), Some("private"));
        assert_eq!((asked.limit, asked.status.as_str()), (Some(20), "hola & chau"));
        assert_eq!(
            from_json(r#"{"source":{"privacy":"public"},"limit":"5"}"#).limit,
            Some(5)
        );
    }

    #[test]
    fn strange_names_and_floods_do_no_harm() {
        let mut strange = Fields::default();
        strange
            .add_urlencoded(b"[]=1&[=2&]=3&a[b[c]=4&=&a[b][c][d][e][f]=1&id&limit=3&limit[x]=1")
            .expect("few pairs");
        assert_eq!(strange.read::<Asked>().expect("readable").limit, Some(3));
        let mut fields = Fields::default();
        assert!(
            fields
                .add_urlencoded("a=1&".repeat(PAIRS_MAX + 1).as_bytes())
                .is_err()
        );
    }
}
