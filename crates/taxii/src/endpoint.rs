//! Which endpoint a path names (section 3.1).

/// The path of the only API root.
pub const API_ROOT: &str = "/chappe/";

const DISCOVERY: &str = "/taxii2/";

/// An endpoint. Collections are named by id or alias, as they stand in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// `/taxii2/`
    Discovery,
    /// The API root.
    Root,
    /// The status of an addition.
    Status(&'a str),
    /// All collections.
    Collections,
    /// A collection.
    Collection(&'a str),
    /// What is in a collection, without the objects.
    Manifest(&'a str),
    /// The objects of a collection.
    Objects(&'a str),
    /// An object of a collection.
    Object(&'a str, &'a str),
    /// The versions of an object of a collection.
    Versions(&'a str, &'a str),
}

impl<'a> Endpoint<'a> {
    /// The endpoint at a path; every one ends in a slash.
    #[must_use]
    pub fn of(path: &'a str) -> Option<Self> {
        if path == DISCOVERY {
            return Some(Self::Discovery);
        }
        let below = path.strip_prefix(API_ROOT)?;
        if below.is_empty() {
            return Some(Self::Root);
        }
        let parts: Vec<&str> = below.strip_suffix('/')?.split('/').collect();
        let endpoint = match parts[..] {
            ["status", id] => Self::Status(id),
            ["collections"] => Self::Collections,
            ["collections", id] => Self::Collection(id),
            ["collections", id, "manifest"] => Self::Manifest(id),
            ["collections", id, "objects"] => Self::Objects(id),
            ["collections", id, "objects", object] => Self::Object(id, object),
            ["collections", id, "objects", object, "versions"] => Self::Versions(id, object),
            _ => return None,
        };
        (!parts.contains(&"")).then_some(endpoint)
    }

    /// The methods that it has, as the header `Allow` lists them.
    #[must_use]
    pub fn methods(self) -> &'static str {
        match self {
            Self::Objects(_) => "GET, HEAD, POST",
            Self::Object(..) => "GET, HEAD, DELETE",
            _ => "GET, HEAD",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_endpoints_and_end_in_a_slash() {
        for (path, wanted) in [
            ("/taxii2/", Endpoint::Discovery),
            ("/chappe/", Endpoint::Root),
            ("/chappe/status/1/", Endpoint::Status("1")),
            ("/chappe/collections/", Endpoint::Collections),
            ("/chappe/collections/a/", Endpoint::Collection("a")),
            ("/chappe/collections/a/manifest/", Endpoint::Manifest("a")),
            ("/chappe/collections/a/objects/", Endpoint::Objects("a")),
            ("/chappe/collections/a/objects/b--1/", Endpoint::Object("a", "b--1")),
            (
                "/chappe/collections/a/objects/b--1/versions/",
                Endpoint::Versions("a", "b--1"),
            ),
        ] {
            assert_eq!(Endpoint::of(path), Some(wanted));
            assert_eq!(Endpoint::of(&path[..path.len() - 1]), None, "{path} without its slash");
        }
        for path in [
            "",
            "/",
            "/other/",
            "/chappe/status/",
            "/chappe/collections//",
            "/chappe/collections/a/b/",
            "/chappe//",
        ] {
            assert_eq!(Endpoint::of(path), None, "{path}");
        }
    }
}
