//! What correlation looks for by a configuration, besides its rules.

use chappe_correlate::WarningList;
use chappe_correlation::Options;

use crate::config::Config;

/// Options that look for what the configuration says.
pub(crate) fn by(config: &Config, options: Options) -> Options {
    cascades(config, surges(config, linking(config, options)))
}

/// Counts are watched for surges where the configuration says so.
fn surges(config: &Config, options: Options) -> Options {
    let Some(policy) = config.policy.as_ref().and_then(|section| section.surge) else {
        return options;
    };
    let (bin, false_alarms_per_year) = (policy.bin.as_str(), policy.false_alarms_per_year);
    tracing::info!(bin, false_alarms_per_year, "watching counts for surges");
    options.with_surges(policy)
}

/// Cascades are warned of where the configuration says so.
fn cascades(config: &Config, options: Options) -> Options {
    let Some(policy) = config.policy.as_ref().and_then(|section| section.cascade.clone()) else {
        return options;
    };
    let (reports, members, dependencies) = (policy.reports, policy.members, policy.dependencies.version());
    tracing::info!(reports, members, %dependencies, "warning of cascades");
    options.with_cascades(policy)
}

/// Campaigns are linked where the configuration says so, but not by what its warning lists name.
fn linking(config: &Config, options: Options) -> Options {
    let Some(section) = &config.policy else {
        return options;
    };
    let warnings = &section.warning_lists;
    if !section.link_campaigns {
        if !warnings.lists.is_empty() {
            tracing::warn!("policy.warning-lists says nothing unless policy.link-campaigns is true");
        }
        return options;
    }
    let entries: usize = warnings.lists.iter().map(WarningList::entries).sum();
    let (lists, skipped) = (warnings.lists.len(), warnings.skipped.join("; "));
    tracing::info!(lists, entries, %skipped, "linking campaigns, but not by values that warning lists name");
    options.with_linking().with_warning_lists(warnings.lists.clone())
}
