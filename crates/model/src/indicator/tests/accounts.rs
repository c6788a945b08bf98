use super::*;

/// The examples of the standards, and addresses that belong to nobody: of hashes that are all zeros or ones.
#[test]
fn crypto_addresses_are_known_by_their_checksum() {
    for (raw, canonical) in [
        // BIP 173, BIP 350.
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ),
        ("1111111111111111111114oLvT2", "1111111111111111111114oLvT2"),
        // EIP-55.
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ),
        (
            "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ),
    ] {
        assert_eq!(value(CryptoAddress, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
        "1111111111111111111114oLvT3",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae",
        "hello",
        &"1".repeat(95),
        &"1".repeat(107),
    ] {
        assert!(refusal(CryptoAddress, raw).contains("checksum is wrong"), "{raw}");
    }
}

#[test]
fn each_kind_of_address_of_each_chain_is_known() {
    use sha2::Digest as _;
    let base58check = |version: &[u8]| {
        let mut bytes = [version, &[0xff; 20]].concat();
        let checksum = sha2::Sha256::digest(sha2::Sha256::digest(&bytes));
        bytes.extend(&checksum[..4]);
        bs58::encode(bytes).into_string()
    };
    for (version, begins) in [
        (&[0x00][..], "1"),
        (&[0x05], "3"),
        (&[0x30], "L"),
        (&[0x32], "M"),
        (&[0x1e], "D"),
        (&[0x4c], "X"),
        (&[0x41], "T"),
        (&[0x1c, 0xb8], "t1"),
        (&[0x1c, 0xbd], "t3"),
    ] {
        let address = base58check(version);
        assert!(address.starts_with(begins), "{address}");
        assert_eq!(value(CryptoAddress, &address), address);
    }
    assert!(
        refusal(CryptoAddress, &base58check(&[0x6f])).contains("Bitcoin"),
        "a test network"
    );
    for (first, length, digits) in [(18, 65, 95), (42, 65, 95), (19, 73, 106)] {
        let address = monero(first, length);
        assert_eq!(address.len(), digits);
        assert_eq!(value(CryptoAddress, &address), address);
        let turned = address.replacen('1', "2", 1);
        assert!(turned == address || refusal(CryptoAddress, &turned).contains("Monero"));
    }
    refusal(CryptoAddress, &monero(53, 65));
}

/// An address of Monero with these first byte and bytes before the checksum.
fn monero(first: u8, length: usize) -> String {
    use sha3::Digest as _;
    let mut bytes = vec![7; length];
    bytes[0] = first;
    let checksum = sha3::Keccak256::digest(&bytes);
    bytes.extend(&checksum[..4]);
    let block = |block: &[u8]| {
        let digits = if block.len() == 8 { 11 } else { 7 };
        let mut number = block.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let mut text = vec![b'1'; digits];
        for place in text.iter_mut().rev() {
            *place =
                b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[usize::try_from(number % 58).unwrap()];
            number /= 58;
        }
        String::from_utf8(text).unwrap()
    };
    bytes.chunks(8).map(block).collect()
}

#[test]
fn accounts_and_lines_have_one_form_and_are_kept_as_pseudonyms() {
    // Examples of the registry of ISO 13616.
    for (raw, canonical) in [
        ("at61 1904 3002 3457 3201", "AT611904300234573201"),
        ("DE89-3704-0044-0532-0130-00", "DE89370400440532013000"),
        ("MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S"),
    ] {
        assert_eq!(value(Iban, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        "AT611904300234573202",
        "AT6119043002345732011",
        "DE8937040044053201300",
        "6119043002345732",
    ] {
        assert!(refusal(Iban, raw).contains("not an IBAN"), "{raw}");
    }
    for (raw, canonical) in [
        ("+43 1 2345678", "+4312345678"),
        ("0043 (0)1/2345-678", "+4312345678"),
        ("TEL:+43.1.234.5678", "+4312345678"),
        ("+123456789012345", "+123456789012345"),
    ] {
        assert_eq!(value(Phone, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        "01 2345678",
        "+123456",
        "+1234567890123456",
        "+0123456789",
        "+43 1 call",
        "+43 1 2345678;ext=1",
    ] {
        assert!(refusal(Phone, raw).contains("E.164"), "{raw}");
    }
    let secret = Secret::new([7; 32]);
    for (kind, raw) in [
        (Iban, "AT611904300234573201"),
        (Phone, "+4312345678"),
        (Email, "a@bad.example"),
    ] {
        let seen = Indicator::parse(kind, raw).unwrap();
        assert!(kind.is_personal() && !seen.is_pseudonym());
        let kept = seen.pseudonymised(&secret).unwrap();
        assert!(kept.is_pseudonym() && kept.value().starts_with("pseudonym:"));
        assert_eq!(kept.to_string().parse::<Indicator>().unwrap(), kept);
        assert_eq!(kept.clone().pseudonymised(&secret).unwrap(), kept);
    }
    assert!(Indicator::pseudonym(Md5, "00112233445566778899aabbccddeeff").is_err());
}
