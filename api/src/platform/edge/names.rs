//! Names beside ids: an answer that names records by their ids brings their cards along.
//!
//! What an answer names is read off the answer itself, so a card stands only beside an id that the
//! caller was shown, whichever handler showed it. The property tells what an id is of; the area of
//! everyday work says what a card is and who sees it.

use crate::platform::app::App;
use crate::platform::caller::Actor;
use crate::platform::reply;
use actix_web::HttpMessage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use domain::everyday::card::nouns_named_by;
use persistence::{Mentioned, with_cards};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use uuid::Uuid;

/// Number of cards of one kind beside one answer. A page of a list names far fewer.
const MOST: usize = 1000;

/// The answer with the cards of what it names. If they cannot be read, the answer is as good without
/// them, and a change that it tells of has been made.
pub async fn beside(served: ServiceResponse) -> ServiceResponse {
    let (request, response) = served.into_parts();
    let actor = request.extensions().get::<Actor>().cloned();
    let media = response.headers().get(header::CONTENT_TYPE);
    let is_json = media.is_some_and(|media| media == "application/json");
    let (Some(app), Some(actor)) = (request.app_data::<Data<App>>(), actor) else {
        return ServiceResponse::new(request, response);
    };
    if !response.status().is_success() || !is_json {
        return ServiceResponse::new(request, response);
    }
    let (mut response, body) = response.into_parts();
    let text = match body.try_into_bytes() {
        Ok(text) => text,
        Err(stream) => return ServiceResponse::new(request, response.set_body(stream)),
    };
    let cards = cards(app, actor, &text).await;
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let text = match cards.and_then(|cards| Some((joined(&text, &cards)?, cards))) {
        Some((joined, cards)) => {
            let tag = tag.map(|tag| reply::extended(tag, &reply::digest(&cards)));
            if let Some(tag) = tag.and_then(|tag| tag.try_into().ok()) {
                response.headers_mut().insert(header::ETAG, tag);
            }
            joined.into()
        }
        None => text,
    };
    ServiceResponse::new(request, response.set_body(BoxBody::new(text)))
}

/// The cards beside an answer as JSON; none if it names nothing of which there are any.
async fn cards(app: &App, actor: Actor, text: &Bytes) -> Option<Vec<u8>> {
    let mut named = Mentioned::new();
    let seed = Walk { nouns: [None; 2], named: &mut named };
    seed.deserialize(&mut serde_json::Deserializer::from_slice(text)).ok()?;
    if named.is_empty() {
        return None;
    }
    let (tenant, cards) = (actor.subject.tenant, app.areas.cards);
    let found = app.db.read(tenant, move |store| cards(store, &actor, &named)).await;
    found.unwrap_or_else(|error| {
        log::warn!("an answer goes out without names: {error}");
        None
    })
}

/// An object with one more property at its end.
fn joined(object: &[u8], cards: &[u8]) -> Option<Vec<u8>> {
    let open = object.strip_suffix(b"}")?;
    Some([open, b",\"included\":", cards, b"}"].concat())
}

/// Collects the ids in a JSON text.
struct Walk<'w> {
    /// What the ids in the present property may be of.
    nouns: [Option<&'static str>; 2],
    named: &'w mut Mentioned,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(property) = map.next_key::<String>()? {
            let nouns = nouns_named_by(&property).map(|noun| noun.and_then(with_cards));
            map.next_value_seed(Walk { nouns, named: &mut *self.named })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (nouns, named) = (self.nouns, self.named);
        while list.next_element_seed(Walk { nouns, named: &mut *named })?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let mut nouns = self.nouns.into_iter().flatten().peekable();
        let id = nouns.peek().and_then(|_| Uuid::try_parse(text).ok());
        for (noun, id) in nouns.zip(std::iter::repeat(id)) {
            let ids = self.named.entry(noun).or_default();
            if ids.len() < MOST {
                ids.extend(id);
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Mentioned {
        let mut named = Mentioned::new();
        let seed = Walk { nouns: [None; 2], named: &mut named };
        seed.deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
        named
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let text = format!(
            r#"{{"id":"{two}","items":[{{"manager_id":"{one}","name":"{two}","n":1.5,"x":null}},
                {{"owner_id":"{two}","manager_id":null}}],"org_unit_ids":["{one}","{two}"],
                "parent_id":"{one}","note":true}}"#
        );
        let found = named(&text);
        assert_eq!(found["employee"], [one, two].into());
        assert_eq!(found["org_unit"], [one, two].into());
        assert_eq!(found["goal"], [one].into());
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn cards_stand_at_the_end_of_an_object() {
        let whole = joined(br#"{"a":1}"#, br#"{"goals":{}}"#).unwrap();
        assert_eq!(whole, br#"{"a":1,"included":{"goals":{}}}"#);
        assert_eq!(joined(b"[1]", b"{}"), None);
    }
}
