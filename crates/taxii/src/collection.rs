//! The collections: which alerts each holds.

use chappe_model::{Alert, Audience, Realm, Tlp};

/// A collection. All members have the same ones, in this order; what is in them is what `may_see` shows each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// Every live alert.
    Alerts,
    /// Live alerts of a label.
    Label(Tlp),
    /// Live alerts of an audience.
    Told(Told),
    /// Alerts raised by exercise traffic.
    Exercise,
    /// What members add: their reports. Nothing is read from it.
    Inbox,
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// Every member.
    Everyone,
    /// The members of some countries, and the hub.
    Countries,
    /// Named recipients.
    Recipients,
    /// The reporter and the hub's duty officer.
    Reporter,
}

/// What stands in a collection resource: id, alias, title, description.
struct Face(&'static str, &'static str, &'static str, &'static str);

impl Collection {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 12] = [
        Self::Alerts,
        Self::Label(Tlp::Clear),
        Self::Label(Tlp::Green),
        Self::Label(Tlp::Amber),
        Self::Label(Tlp::AmberStrict),
        Self::Label(Tlp::Red),
        Self::Told(Told::Everyone),
        Self::Told(Told::Countries),
        Self::Told(Told::Recipients),
        Self::Told(Told::Reporter),
        Self::Exercise,
        Self::Inbox,
    ];

    /// The collection of an id or alias.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|collection| [collection.id(), collection.alias()].contains(&name))
    }

    /// Whether it holds an alert, by the newest revision of it.
    #[must_use]
    pub fn holds(self, alert: &Alert) -> bool {
        let live = alert.compartment.realm == Realm::Live;
        match self {
            Self::Alerts => live,
            Self::Label(label) => live && alert.tlp == label,
            Self::Told(told) => live && Told::of(&alert.audience) == told,
            Self::Exercise => !live,
            Self::Inbox => false,
        }
    }

    /// Whether anything is read from it.
    #[must_use]
    pub fn is_read(self) -> bool {
        self != Self::Inbox
    }

    /// A version 4 UUID, the same in every installation.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.face().0
    }

    /// A name that stands for the id in every path.
    #[must_use]
    pub fn alias(self) -> &'static str {
        self.face().1
    }

    /// What people see.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.face().2
    }

    /// In a sentence.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.face().3
    }

    #[rustfmt::skip]
    fn face(self) -> Face {
        match self {
            Self::Alerts => Face("6f706f1f-38ba-4a65-908b-fad850e48b73", "alerts", "Alerts",
                "Every live alert that you may see. Each object bears its label."),
            Self::Label(Tlp::Clear) => Face("cbcc1d18-b599-4032-b919-fea07d3ac64f", "tlp-clear", "Alerts, TLP:CLEAR",
                "Live alerts that you may see, of this label alone."),
            Self::Label(Tlp::Green) => Face("6f1645d4-2b0f-487c-a167-3c9a95af5a44", "tlp-green", "Alerts, TLP:GREEN",
                "Live alerts that you may see, of this label alone."),
            Self::Label(Tlp::Amber) => Face("4e6cfe53-1e09-4d58-87df-7dceff75f90e", "tlp-amber", "Alerts, TLP:AMBER",
                "Live alerts that you may see, of this label alone."),
            Self::Label(Tlp::AmberStrict) => Face("854c5859-3de9-4d4a-86ef-866de3e19536", "tlp-amber-strict", "Alerts, TLP:AMBER+STRICT",
                "Live alerts that you may see, of this label alone."),
            Self::Label(Tlp::Red) => Face("d8d91e4a-2da0-4142-8d66-64a157d97e35", "tlp-red", "Alerts, TLP:RED",
                "Live alerts that you may see, of this label alone: for named recipients."),
            Self::Told(Told::Everyone) => Face("bad33ea6-70a8-44c6-aa29-48e752cff876", "audience-eu", "Alerts told to every member",
                "Live alerts that every member may see."),
            Self::Told(Told::Countries) => Face("d5af1f67-31a9-4c3d-bfa6-e06f0a82347c", "audience-countries", "Alerts told to some countries",
                "Live alerts that you may see, told to the members of some countries and to the hub."),
            Self::Told(Told::Recipients) => Face("50ad0677-a1d5-4447-9b3d-5693dff39030", "audience-recipients", "Alerts told to named recipients",
                "Live alerts that you may see, told to named recipients."),
            Self::Told(Told::Reporter) => Face("899d8d68-4d3b-4b3f-8db8-473ada3fcfd6", "audience-reporter", "Alerts told to their reporter",
                "Live alerts that you may see, told to their reporter and the hub's duty officer."),
            Self::Exercise => Face("66aa44fd-d879-4b1e-ae9d-efc7abd81717", "exercise", "Exercises",
                "Alerts that exercises raised, which no other collection holds."),
            Self::Inbox => Face("3b090b6d-dcd0-4c40-8db7-f4fd9fba5753", "inbox", "Reports",
                "What you add is submitted as your reports. Nothing is read from here."),
        }
    }
}

impl Told {
    fn of(audience: &Audience) -> Self {
        match audience {
            Audience::Eu => Self::Everyone,
            Audience::Countries(_) => Self::Countries,
            Audience::Recipients => Self::Recipients,
            Audience::Reporter(_) => Self::Reporter,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_of_version_4_and_names_are_unique() {
        let mut names = BTreeSet::new();
        for collection in Collection::ALL {
            let (id, alias) = (collection.id(), collection.alias());
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert!(
                id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]),
                "{id}"
            );
            assert!(names.insert(id) && names.insert(alias) && names.insert(collection.title()));
            assert_eq!(
                (Collection::named(id), Collection::named(alias)),
                (Some(collection), Some(collection))
            );
        }
        assert_eq!(Collection::named("other"), None);
    }
}
