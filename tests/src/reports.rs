use chappe_proto::v1;

/// A sound report: one domain of its own, medium severity, TLP:AMBER, Austria.
#[must_use]
pub fn report(key: &str) -> v1::Incident {
    v1::Incident {
        report_key: key.to_owned(),
        revision: 1,
        incident_type: "malicious-code/c2-server".to_owned(),
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Amber as i32,
            ..v1::Marking::default()
        }),
        countries: vec!["AT".to_owned()],
        indicators: vec![indicator(
            v1::IndicatorType::Domain,
            &format!("{}.example", key.to_lowercase()),
        )],
        title: format!("Report {key}"),
        ..v1::Incident::default()
    }
}

/// An indicator.
#[must_use]
pub fn indicator(kind: v1::IndicatorType, value: &str) -> v1::Indicator {
    v1::Indicator {
        r#type: kind as i32,
        value: value.to_owned(),
    }
}
