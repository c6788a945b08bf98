//! What is looked up.

use std::net::IpAddr;

use chappe_model::{Country, Field, Indicator, IndicatorKind, Network, Sector};

/// Something that may fall under entries of a constituency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// An address: under each network that it lies in.
    Address(IpAddr),
    /// A network: under each that it shares an address with.
    Network(Network),
    /// A canonical name: under each domain that it is, or lies below.
    Name(&'a str),
    /// A country: under itself.
    Country(Country),
    /// A sector: under itself.
    Sector(Sector),
}

impl<'a> Subject<'a> {
    /// Of an indicator as alerts show it, `kind:value`: an address, a network, a name, or the host of a URL or mail address. None of what names none of these.
    #[must_use]
    pub fn of_indicator(text: &'a str) -> Option<Self> {
        let (kind, value) = text.split_once(':')?;
        Self::of_value(kind.parse().ok()?, value)
    }

    /// Of a canonical value of a kind, as [`Subject::of_indicator`].
    #[must_use]
    pub fn of_value(kind: IndicatorKind, value: &'a str) -> Option<Self> {
        if kind == IndicatorKind::Cidr {
            return Network::parse(value).ok().map(Self::Network);
        }
        let host = Indicator::host_named(kind, value)?;
        Some(host.parse().map_or(Self::Name(host), Self::Address))
    }

    /// Of the value of a field, as alerts have it. None of what is neither an indicator nor a country nor a sector; what names a member
    /// is none of these.
    #[must_use]
    pub fn of_field(field: Field, value: &'a str) -> Option<Self> {
        match field {
            Field::Indicator => Self::of_indicator(value),
            Field::IndicatorOf(kind) => Self::of_value(kind, value),
            Field::Country | Field::AttestedCountry => Country::parse(value).ok().map(Self::Country),
            Field::Sector | Field::CriticalSector => value.parse().ok().map(Self::Sector),
            Field::IncidentType | Field::IncidentClass | Field::Severity | Field::Reporter | Field::ReporterCountry => {
                None
            }
        }
    }
}
