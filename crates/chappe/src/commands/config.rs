//! `chappe config`: what a configuration puts in force, and what is wrong with it. Nothing here talks to an installation.

use std::io::Write;

use anyhow::{Context, Result};
use chappe_model::{Country, Role};
use serde_json::{Value, json};

use super::Exit;
use crate::cli::{ConfigArgs, ConfigCommand, ConfigFileArgs};
use crate::config::{Config, ConfigError, Member, Origin, Setting, settings};
use crate::words::{count, plain};

/// Runs one of the commands on `out`.
///
/// # Errors
/// When the file cannot be read; for `show` also when it is refused.
pub(crate) fn run(args: &ConfigArgs, out: &mut dyn Write) -> Result<Exit> {
    match &args.command {
        ConfigCommand::Show(args) => show(args, out),
        ConfigCommand::Check(args) => check(args, out),
    }
}

fn show(args: &ConfigFileArgs, out: &mut dyn Write) -> Result<Exit> {
    let (config, text) = Config::read_with_text(&args.config)?;
    let settings = settings(&config, &text)?;
    if args.json {
        let settings: Vec<Value> = settings.iter().map(in_json).collect();
        let members: Vec<Value> = config.members.iter().map(member_in_json).collect();
        let all = json!({"file": args.config.display().to_string(), "settings": settings, "members": members});
        writeln!(out, "{all}")?;
        return Ok(Exit::Done);
    }
    let lines = settings.iter().map(|it| Ok((heading(it.key.path), assigned(it)?, it)));
    let lines: Vec<(&str, String, &Setting)> = lines.collect::<Result<_>>()?;
    let width = lines
        .iter()
        .map(|(_, value, _)| value.chars().count())
        .filter(|width| *width <= WIDEST);
    let width = width.max().unwrap_or(0);
    let mut above = "";
    for (table, value, setting) in &lines {
        if *table != above {
            let off = lines.iter().all(|(other, _, it)| other != table || it.value.is_none());
            writeln!(out, "\n{}[{table}]", if off { "# off: " } else { "" })?;
            above = table;
        }
        writeln!(out, "{value:<width$}  # {}", meaning(setting))?;
    }
    writeln!(
        out,
        "\n# {}; digests of their tokens are not shown",
        count(config.members.len(), "member")
    )?;
    for member in &config.members {
        let home = member.principal.home.as_ref().map_or("no country", Country::as_str);
        writeln!(
            out,
            "#   {}, {home}, {}",
            member.principal.member,
            role(member.principal.role)
        )?;
    }
    if config.policy.is_none() {
        writeln!(
            out,
            "# no [policy]: what the log recorded last is in force, and these values where it recorded none"
        )?;
    }
    Ok(Exit::Done)
}

/// Wider values than this push their meaning aside, and nobody else's.
const WIDEST: usize = 44;

/// The table that a key stands in.
fn heading(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(table, _)| table)
}

/// `quota = 10`, as the file would say it; a comment where there is no value.
fn assigned(setting: &Setting) -> Result<String> {
    let (path, name) = (
        setting.key.path,
        setting.key.path.rsplit('.').next().unwrap_or_default(),
    );
    match &setting.value {
        None => Ok(format!("# {name} =")),
        Some(value) => {
            let value = toml::Value::try_from(value).with_context(|| format!("{path} is no value of TOML"))?;
            Ok(format!("{name} = {value}"))
        }
    }
}

fn meaning(setting: &Setting) -> String {
    let key = setting.key;
    let from = match (&setting.value, setting.origin) {
        (None, _) => "off",
        (_, Origin::File) => "file",
        (_, Origin::Default) => "default",
    };
    let space = if key.unit.is_empty() { "" } else { " " };
    format!("{from}: {}{space}{} ({})", key.unit, key.says, key.takes)
}

fn in_json(setting: &Setting) -> Value {
    let key = setting.key;
    let unit = (!key.unit.is_empty()).then_some(key.unit);
    json!({
        "key": key.path, "value": setting.value, "unit": unit, "origin": setting.origin.as_str(),
        "takes": key.takes, "says": key.says,
    })
}

fn member_in_json(member: &Member) -> Value {
    let principal = &member.principal;
    let country = principal.home.as_ref().map(Country::as_str);
    json!({"id": principal.member.as_str(), "country": country, "role": role(principal.role)})
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Hub => "hub",
        Role::DutyOfficer => "duty-officer",
    }
}

fn check(args: &ConfigFileArgs, out: &mut dyn Write) -> Result<Exit> {
    let file = args.config.display().to_string();
    let config = match Config::read(&args.config) {
        Ok(config) => config,
        Err(error @ ConfigError::Unreadable { .. }) => return Err(error.into()),
        Err(error) => {
            if args.json {
                let (line, column) = error.place().unzip();
                let message = error.to_string();
                let refused = json!({"file": file, "sound": false, "line": line, "column": column, "message": message});
                writeln!(out, "{refused}")?;
            } else {
                writeln!(out, "{error}\nrefused: {}", plain(&file))?;
            }
            return Ok(Exit::Refused);
        }
    };
    let rules = config.policy.as_ref().map_or(0, |section| section.rules.len());
    let lists = config
        .policy
        .as_ref()
        .map_or(0, |section| section.warning_lists.lists.len());
    if args.json {
        let sound = json!({
            "file": file, "sound": true, "members": config.members.len(), "rules": rules, "warning_lists": lists,
        });
        writeln!(out, "{sound}")?;
    } else {
        writeln!(
            out,
            "sound: {} with {}, {} of files, {}",
            plain(&file),
            count(config.members.len(), "member"),
            count(rules, "rule"),
            count(lists, "warning list")
        )?;
    }
    Ok(Exit::Done)
}
