//! What is hit in one realm, and the episodes that this makes.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{CascadeNode, Country, CountrySet, IncidentId, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::policy::CascadePolicy;
use super::report::Counts;
use super::spread::Spread;
use super::standing::Standing;

/// Of one realm: what is real, or what is exercised.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Situation {
    on: BTreeMap<CascadeNode, Standing>,
    episodes: BTreeMap<CascadeNode, Episode>,
}

/// A root is hit, and what depends on it is warned.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Episode {
    /// What first was enough.
    pub(super) anchor: (Timestamp, IncidentId),
    /// The first report behind it.
    pub(super) since: Timestamp,
    pub(super) last_fire: Timestamp,
    pub(super) fires: u32,
    /// The most reports in one window.
    pub(super) peak: u32,
    /// Whoever ever reported that the root is hit, and from where.
    pub(super) reach: BTreeMap<MemberId, Option<Country>>,
    /// Countries that were ever warned.
    pub(super) countries: CountrySet,
    #[serde(skip)]
    looked: Looked,
}

/// What was seen when an episode was last looked at. While reports only come, an episode spreads and goes on: it is looked at again only before
/// something is taken away, where it may have ended, and when it is told of.
#[derive(Debug)]
struct Looked {
    spread: Spread,
    nodes: BTreeSet<CascadeNode>,
    ends: Timestamp,
    /// Something has come since.
    stale: bool,
    /// It says something that may not have been told.
    news: bool,
}

impl Default for Looked {
    fn default() -> Self {
        Self {
            spread: Spread::default(),
            nodes: BTreeSet::new(),
            ends: Timestamp::ZERO,
            stale: true,
            news: true,
        }
    }
}

/// A node on which an incident ever counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stake {
    node: CascadeNode,
    since: Timestamp,
    /// Its highest revision says so.
    says: bool,
}

impl Situation {
    /// An incident says at `at` that it counts as `now` says, after what stands in `stakes`.
    pub(super) fn take(
        &mut self,
        policy: &CascadePolicy,
        (at, incident): (Timestamp, IncidentId),
        stakes: &mut Vec<Stake>,
        now: Option<&Counts>,
    ) {
        let names = |node: &CascadeNode| now.is_some_and(|now| now.nodes.contains(node));
        let loses = self.loses(policy, incident, stakes, now);
        if loses {
            self.look_at_all(policy);
        }
        for stake in stakes.iter_mut().filter(|stake| stake.says && !names(&stake.node)) {
            stake.says = false;
            if let Some(standing) = self.on.get_mut(&stake.node) {
                standing.remove((stake.since, incident));
            }
            self.touch(stake.node, loses);
        }
        let Some(now) = now else { return };
        for node in &now.nodes {
            let known = stakes.iter_mut().find(|stake| stake.node == *node);
            let is_new = known.is_none();
            let since = known.map_or(at, |stake| {
                stake.says = true;
                stake.since
            });
            if is_new {
                let (node, says) = (*node, true);
                stakes.push(Stake { node, since, says });
            }
            self.forget_on(policy, *node, at);
            let standing = self.on.entry(*node).or_default();
            standing.put(policy, (since, incident), &now.voice);
            if is_new {
                self.fire(policy, *node, (at, incident));
            }
            if let Some(episode) = self.episodes.get_mut(node).filter(|episode| since >= episode.since) {
                episode.reach.insert(now.voice.reporter.clone(), now.voice.home);
            }
            self.touch(*node, loses);
        }
    }

    /// Whether something that stands will stand no more.
    fn loses(&self, policy: &CascadePolicy, incident: IncidentId, stakes: &[Stake], now: Option<&Counts>) -> bool {
        let said = |stake: &&Stake| stake.says;
        let withdrawn = |stake: &Stake| now.is_none_or(|now| !now.nodes.contains(&stake.node));
        let crowded = |counts: &Counts| {
            counts.nodes.iter().any(|node| {
                let since = stakes.iter().find(|stake| stake.node == *node).map(|stake| stake.since);
                let key = (since.unwrap_or(Timestamp::END), incident);
                let standing = self.on.get(node);
                standing.is_some_and(|standing| standing.is_full_for(policy, key, &counts.voice.reporter))
            })
        };
        stakes.iter().filter(said).any(withdrawn) || now.is_some_and(crowded)
    }

    fn fire(&mut self, policy: &CascadePolicy, node: CascadeNode, (at, incident): (Timestamp, IncidentId)) {
        if !policy.dependencies.has_dependents(node) {
            return;
        }
        let Some(standing) = self.on.get(&node) else { return };
        let Some((since, reports)) = standing.enough(policy, at) else {
            return;
        };
        let episode = self.episodes.entry(node).or_insert_with(|| {
            let behind = standing.since(since).filter(|(on, ..)| *on <= at);
            Episode {
                anchor: (at, incident),
                since,
                last_fire: at,
                fires: 0,
                peak: 0,
                reach: behind.map(|(.., voice)| (voice.reporter.clone(), voice.home)).collect(),
                countries: CountrySet::new(),
                looked: Looked::default(),
            }
        });
        episode.last_fire = at;
        episode.fires = episode.fires.saturating_add(1);
        episode.peak = episode.peak.max(reports);
    }

    /// Something has changed on a node: episodes that reach it are to be looked at again. Where something was lost, they may end earlier than
    /// was seen.
    fn touch(&mut self, node: CascadeNode, loses: bool) {
        for (root, episode) in &mut self.episodes {
            if *root == node || episode.looked.nodes.contains(&node) {
                (episode.looked.stale, episode.looked.news) = (true, true);
                if loses {
                    episode.looked.ends = Timestamp::ZERO;
                }
            }
        }
    }

    fn look_at_all(&mut self, policy: &CascadePolicy) {
        for (root, episode) in &mut self.episodes {
            episode.look(policy, &self.on, *root);
        }
    }

    /// Roots of episodes that have ended before `at`.
    pub(super) fn ended_before(&mut self, policy: &CascadePolicy, at: Timestamp) -> Vec<CascadeNode> {
        let mut ended = vec![];
        for (root, episode) in &mut self.episodes {
            if episode.looked.ends < at {
                episode.look(policy, &self.on, *root);
            }
            if episode.looked.ends < at {
                ended.push(*root);
            }
        }
        ended
    }

    pub(super) fn close(&mut self, root: CascadeNode) {
        self.episodes.remove(&root);
    }

    /// Of a node, what no episode can rest on any more.
    fn forget_on(&mut self, policy: &CascadePolicy, node: CascadeNode, at: Timestamp) {
        let last = self.out_of_reach(policy, at);
        if let Some(standing) = self.on.get_mut(&node) {
            standing.forget(last);
        }
    }

    /// Of every node, what no episode can rest on any more.
    pub(super) fn forget(&mut self, policy: &CascadePolicy, at: Timestamp) {
        let last = self.out_of_reach(policy, at);
        self.on.values_mut().for_each(|standing| standing.forget(last));
        self.on.retain(|_, standing| !standing.is_empty());
    }

    /// What stands since then, or longer, is behind no window and no episode.
    fn out_of_reach(&self, policy: &CascadePolicy, at: Timestamp) -> Timestamp {
        let first = self.episodes.values().map(|episode| episode.since).min();
        let of_window = at.minus(policy.window_ms);
        first.map_or(of_window, |first| of_window.min(first.minus(1)))
    }

    /// Roots of which there may be something to tell, as of `at`.
    pub(super) fn news(&mut self, policy: &CascadePolicy, at: Timestamp, before: Timestamp) -> Vec<CascadeNode> {
        self.look_at_all(policy);
        let turns = |episode: &Episode| {
            let mut warned = episode.looked.spread.iter();
            warned.any(|warned| before <= warned.until && warned.until < at)
        };
        let news = |episode: &mut Episode| std::mem::take(&mut episode.looked.news) | turns(episode);
        let roots = self
            .episodes
            .iter_mut()
            .filter_map(|(root, episode)| news(episode).then_some(*root));
        roots.collect()
    }

    /// All of it may be news.
    pub(super) fn renew(&mut self) {
        let episodes = self.episodes.values_mut();
        episodes.for_each(|episode| episode.looked.news = true);
    }

    pub(super) fn episodes(&self) -> impl Iterator<Item = (CascadeNode, &Episode)> {
        self.episodes.iter().map(|(root, episode)| (*root, episode))
    }

    pub(super) fn episode(&self, root: CascadeNode) -> Option<&Episode> {
        self.episodes.get(&root)
    }

    pub(super) fn standing(&self, node: CascadeNode) -> Option<&Standing> {
        self.on.get(&node)
    }
}

impl Episode {
    fn look(&mut self, policy: &CascadePolicy, on: &BTreeMap<CascadeNode, Standing>, root: CascadeNode) {
        if !self.looked.stale {
            return;
        }
        let spread = Spread::of(policy, on, root, self.since, self.last_fire);
        let warned = spread.iter().map(|warned| warned.until);
        self.looked.ends = warned
            .chain([self.last_fire.plus(policy.window_ms)])
            .max()
            .unwrap_or_default();
        self.looked.nodes = spread.nodes();
        spread
            .iter()
            .for_each(|warned| self.countries.insert(warned.node.country));
        self.looked.spread = spread;
        self.looked.stale = false;
    }

    /// What it warns, as it was last looked at.
    pub(super) fn spread(&self) -> &Spread {
        &self.looked.spread
    }

    /// When it ends, unless something comes.
    pub(super) fn ends(&self) -> Timestamp {
        self.looked.ends
    }
}
