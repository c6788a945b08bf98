//! Records of the log, of every kind; the first byte says which.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, payload)) = data.split_first() else {
        return;
    };
    match kind % 8 {
        0 => drop(chappe_proto::incident::decode(payload)),
        1 => drop(chappe_proto::alert::decode(payload)),
        2 => drop(chappe_proto::alert::decode_mark(payload)),
        3 => drop(chappe_proto::policy::decode(payload)),
        4 => drop(chappe_proto::surge::decode(payload)),
        5 => drop(chappe_proto::decision::decode(payload)),
        6 => drop(chappe_proto::constituency::decode(payload)),
        _ => drop(chappe_proto::pulse::decode(payload)),
    }
});
