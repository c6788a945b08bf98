//! Addresses of crypto-currencies. Each form has a checksum, so that a value says by itself what it is; forms without one are not compared.

use bech32::segwit;
use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

use super::Why;

const NOT_AN_ADDRESS: Why = "not an address of Bitcoin, Litecoin, Dogecoin, Dash, Zcash, Tron, Ethereum or Monero: its form or its checksum is wrong";

/// Longest address, in characters: an integrated one of Monero.
const ADDRESS_CHARS: usize = 106;

/// Checksums of Base58Check and of Monero, in bytes.
const CHECKSUM_BYTES: usize = 4;

/// A hash of a key or script behind the version, in bytes.
const HASH_BYTES: usize = 20;

/// What stands in front of the hash in Base58Check: Bitcoin, Litecoin, Dogecoin, Dash, Tron, Zcash; of keys and of scripts. Test networks are none.
const VERSIONS: [&[u8]; 11] = [
    &[0x00],
    &[0x05],
    &[0x30],
    &[0x32],
    &[0x1e],
    &[0x16],
    &[0x4c],
    &[0x10],
    &[0x41],
    &[0x1c, 0xb8],
    &[0x1c, 0xbd],
];

/// Human-readable parts of Bech32: Bitcoin and Litecoin.
const SEGWIT: [&str; 2] = ["bc", "ltc"];

/// Digits of Base58 in order.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Monero writes blocks of 8 bytes as 11 digits each; what is left of an address, 5 bytes, as 7.
const MONERO_DIGITS: usize = 11;

/// First byte of an address of Monero and its length in bytes: standard, subaddress, integrated.
const MONERO: [(u8, usize); 3] = [(18, 69), (42, 69), (19, 77)];

pub(super) fn crypto_address(text: &str) -> Result<String, Why> {
    if text.len() > ADDRESS_CHARS || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(NOT_AN_ADDRESS);
    }
    let canonical = ethereum(text).or_else(|| segwit_address(text));
    let as_written = || (is_base58check(text) || is_monero(text)).then(|| text.to_owned());
    canonical.or_else(as_written).ok_or(NOT_AN_ADDRESS)
}

/// In one case it has no checksum; in both, that of EIP-55.
fn ethereum(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    if digits.len() != 2 * HASH_BYTES || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let in_both_cases = lower != digits && digits.to_ascii_uppercase() != digits;
    if in_both_cases {
        let hash = Keccak256::digest(lower.as_bytes());
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let right = |(digit, nibble): (u8, u8)| digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8);
        if !digits.bytes().zip(nibbles).all(right) {
            return None;
        }
    }
    Some(format!("0x{lower}"))
}

fn segwit_address(text: &str) -> Option<String> {
    let (part, ..) = segwit::decode(text).ok()?;
    let is_known = SEGWIT.iter().any(|known| part.to_string().eq_ignore_ascii_case(known));
    is_known.then(|| text.to_ascii_lowercase())
}

fn is_base58check(text: &str) -> bool {
    let Ok(bytes) = bs58::decode(text).into_vec() else {
        return false;
    };
    let Some((payload, checksum)) = bytes.split_last_chunk::<CHECKSUM_BYTES>() else {
        return false;
    };
    let is_known = |version: &&[u8]| payload.starts_with(version) && payload.len() == version.len() + HASH_BYTES;
    VERSIONS.iter().any(is_known) && Sha256::digest(Sha256::digest(payload)).starts_with(checksum)
}

fn is_monero(text: &str) -> bool {
    let Some(bytes) = monero_bytes(text) else { return false };
    let Some((payload, checksum)) = bytes.split_last_chunk::<CHECKSUM_BYTES>() else {
        return false;
    };
    let is_known = |(first, length): &(u8, usize)| bytes.first() == Some(first) && bytes.len() == *length;
    MONERO.iter().any(is_known) && Keccak256::digest(payload).starts_with(checksum)
}

fn monero_bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for block in text.as_bytes().chunks(MONERO_DIGITS) {
        let length = match block.len() {
            MONERO_DIGITS => 8,
            7 => 5,
            _ => return None,
        };
        let number = block.iter().try_fold(0_u128, |number, digit| {
            let digit = BASE58.iter().position(|known| known == digit)?;
            Some(number * 58 + digit as u128)
        })?;
        if number >> (8 * length) != 0 {
            return None;
        }
        bytes.extend(&number.to_be_bytes()[16 - length..]);
    }
    Some(bytes)
}
