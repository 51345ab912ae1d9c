//! Values out of bytes: a serde format whose every document is valid.
//!
//! Whatever can be read with serde can be drawn from a [`Chance`]. Each choice takes a byte or a few; when they have run out, everything is zero, empty or
//! absent. Numbers and texts come mostly from a [`Pool`] of what means something where they are used (ids that exist, nicks, limits), so that a fuzzer need not
//! guess them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};

/// Numbers at which something ends.
const LIMITS: [u64; 16] = [
    0,
    1,
    2,
    63,
    64,
    127,
    128,
    255,
    65_535,
    65_536,
    u32::MAX as u64,
    1 << 47,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX - 1,
    u64::MAX,
];

/// Arrays of at least so many bytes are hashes and keys: all their bytes are alike, so that two of them may be the same.
const HASH_BYTES: usize = 16;

/// What means something where the values are used.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// Ids, positions, tickets, stamps.
    pub numbers: Vec<u64>,
    /// Nicks, names, texts.
    pub texts: Vec<String>,
    /// By the name of a struct with two fields: what goes together in it.
    pub pairs: BTreeMap<&'static str, Vec<(u64, u64)>>,
}

/// A fuzzer's bytes, to be used up.
#[derive(Debug)]
pub struct Chance<'a, 'p> {
    bytes: &'a [u8],
    pool: &'p Pool,
    /// What the next numbers are, whatever the bytes say: the rest of a pair.
    next: VecDeque<u64>,
}

/// The type wanted what cannot be drawn: a nick that the text is none of, say.
#[derive(Debug)]
pub struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

impl serde::de::Error for Unfit {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

impl<'a, 'p> Chance<'a, 'p> {
    /// To draw from these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8], pool: &'p Pool) -> Self {
        Self {
            bytes,
            pool,
            next: VecDeque::new(),
        }
    }

    /// What has not been used.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// A value of a type.
    pub fn value<T: DeserializeOwned>(&mut self) -> Option<T> {
        T::deserialize(self).ok()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// One of so many, counted from 0.
    pub fn one_of(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    /// Up to 255 of the bytes as they are.
    pub fn raw(&mut self) -> &'a [u8] {
        let count = usize::from(self.byte()).min(self.bytes.len());
        let (raw, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        raw
    }

    /// A number: one of the pool, a small one, a limit, or any.
    pub fn number(&mut self) -> u64 {
        if let Some(next) = self.next.pop_front() {
            return next;
        }
        match self.byte() {
            0..=119 if !self.pool.numbers.is_empty() => {
                let at = self.one_of(self.pool.numbers.len());
                self.pool.numbers[at]
            }
            0..=199 => u64::from(self.byte() & 7),
            200..=229 => LIMITS[self.one_of(LIMITS.len())],
            230..=239 => u64::from(self.byte()),
            240..=247 => self.number().wrapping_add(1),
            248.. => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    /// A text: one of the pool, any, or a long one.
    pub fn text(&mut self) -> String {
        match self.byte() {
            0..=199 if !self.pool.texts.is_empty() => {
                let at = self.one_of(self.pool.texts.len());
                self.pool.texts[at].clone()
            }
            0..=239 => String::from_utf8_lossy(self.raw()).into_owned(),
            240.. => {
                let times = usize::from(self.byte()) * 64;
                String::from_utf8_lossy(self.raw()).repeat(times)
            }
        }
    }

    /// The byte that a hash consists of: mostly one of four.
    fn hash(&mut self) -> u8 {
        match self.next.pop_front() {
            Some(next) => next as u8,
            None => match self.byte() {
                byte @ ..128 => byte & 3,
                byte => byte,
            },
        }
    }

    /// How many elements: mostly few.
    fn length(&mut self) -> usize {
        match self.byte() {
            byte @ ..250 => usize::from(byte % 5),
            byte => usize::from(byte - 249) * 90,
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
            visitor.$visit(self.number() as $type)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Chance<'_, '_> {
    type Error = Unfit;

    numbers! {
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
    }

    /// As postcard is not, and so ids are numbers.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_bool(self.byte() & 1 == 1)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_u8(self.byte())
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_char(char::from(self.byte()))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_string(self.text())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_string(self.text())
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_byte_buf(self.raw().to_vec())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_byte_buf(self.raw().to_vec())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.byte() & 3 == 0 {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let left = self.length();
        visitor.visit_seq(Row { chance: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Unfit> {
        if len < HASH_BYTES {
            return visitor.visit_seq(Row {
                chance: self,
                left: len,
            });
        }
        let byte = self.hash();
        visitor.visit_seq(serde::de::value::SeqDeserializer::new(std::iter::repeat_n(
            byte, len,
        )))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let left = self.length();
        visitor.visit_map(Row { chance: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        let left = fields.len();
        let pairs = self.pool.pairs.get(name).filter(|pairs| !pairs.is_empty());
        let Some(pairs) = pairs else {
            return visitor.visit_seq(Row { chance: self, left });
        };
        // One in sixteen is none of them.
        if self.byte() & 15 != 15 {
            let (first, second) = pairs[self.one_of(pairs.len())];
            self.next = [first, second].into();
        }
        let value = visitor.visit_seq(Row {
            chance: &mut *self,
            left,
        });
        self.next.clear();
        value
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        let count = variants.len();
        visitor.visit_enum(Variant { chance: self, count })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Unfit> {
        Err(serde::de::Error::custom("what describes itself cannot be drawn"))
    }

    forward_to_deserialize_any! { identifier ignored_any }
}

/// Elements, so many.
struct Row<'a, 'b, 'p> {
    chance: &'a mut Chance<'b, 'p>,
    left: usize,
}

impl Row<'_, '_, '_> {
    fn next<'de, T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(&mut *self.chance).map(Some)
    }
}

impl<'de> SeqAccess<'de> for Row<'_, '_, '_> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        self.next(seed)
    }
}

impl<'de> MapAccess<'de> for Row<'_, '_, '_> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        self.next(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Unfit> {
        seed.deserialize(&mut *self.chance)
    }
}

/// One of an enum's variants.
struct Variant<'a, 'b, 'p> {
    chance: &'a mut Chance<'b, 'p>,
    count: usize,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_, '_> {
    type Error = Unfit;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Unfit> {
        let number = self.chance.one_of(self.count) as u32;
        let value = seed.deserialize(IntoDeserializer::<Unfit>::into_deserializer(number))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_, '_> {
    type Error = Unfit;

    fn unit_variant(self) -> Result<(), Unfit> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        seed.deserialize(self.chance)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.chance.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.chance.deserialize_struct("", fields, visitor)
    }
}
