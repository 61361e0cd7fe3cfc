//! Cards: where the little stands that is shown of a record beside its id.

/// How the cards of a noun are read. The noun is the table, and the word in properties that name it.
#[derive(Debug)]
pub struct CardSource {
    /// The noun.
    pub noun: &'static str,
    /// The column of the id, with the table.
    pub id: &'static str,
    /// The column with the name; none of a record that stands for a person, whose name is shown.
    pub name: Option<&'static str>,
    /// The column with the code.
    pub code: Option<&'static str>,
    /// The column with the state.
    pub state: Option<&'static str>,
    /// The column with the first day.
    pub first: Option<&'static str>,
    /// The column with the last day.
    pub last: Option<&'static str>,
}

impl CardSource {
    /// Whether a card tells the name of a person.
    pub fn is_of_person(&self) -> bool {
        self.name.is_none() || self.noun == "employee"
    }
}

/// Lists the nouns that have cards: `noun (name = column, code = column, ...)`.
macro_rules! cards {
    ($($noun:ident ($($part:ident = $column:ident),*);)*) => {
        /// The nouns that have cards, but for goals: who may read the title of a goal depends on the goal.
        pub const CARDS: &[$crate::card::CardSource] = &[$(
            $crate::card::CardSource {
                $($part: Some(concat!(stringify!($noun), ".", stringify!($column))),)*
                ..$crate::card::CardSource {
                    noun: stringify!($noun),
                    id: concat!(stringify!($noun), ".id"),
                    name: None,
                    code: None,
                    state: None,
                    first: None,
                    last: None,
                }
            },
        )*];
    };
}
pub(crate) use cards;

/// The noun of a goal, the title of which is not for everybody.
pub const GOAL: &str = "goal";

/// The noun as the registry has it, if it has cards.
pub fn with_cards(noun: &str) -> Option<&'static str> {
    let mut nouns = crate::schema::CARDS.iter().map(|source| source.noun).chain([GOAL]);
    nouns.find(|known| *known == noun)
}
