//! OpenMLS behind the operations of `npm run bench:mls`.
//!
//! Reads one command a line from standard input and answers each with one line of JSON, so that the benchmark can let it
//! take turns with the others:
//!
//! - `prepare SUITE MEMBERS OPERATION COUNT`: makes what that many operations use up
//! - `run SUITE MEMBERS OPERATION COUNT`: does them; only this is timed, by the one who asks
//! - `bytes SUITE MEMBERS`, `memory SUITE MEMBERS`: figures of a group
//! - `free SUITE MEMBERS`: forgets its groups
//!
//! Answers are `{"ok":true}`, figures, or `{"error":"…"}`.

mod cases;
mod counting_allocator;
mod member;

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};

use cases::Cases;
use openmls::prelude::Ciphersuite;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut players: HashMap<(u16, usize), Cases> = HashMap::new();
    for line in stdin().lock().lines() {
        let answer = answer(&mut players, &line?)
            .unwrap_or_else(|error| format!("{{\"error\":{:?}}}", error.to_string()));
        writeln!(stdout(), "{answer}")?;
        stdout().flush()?;
    }
    Ok(())
}

fn answer(players: &mut HashMap<(u16, usize), Cases>, line: &str) -> Outcome<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let [command, suite, members, rest @ ..] = words.as_slice() else {
        return Err("a command has a suite and a number of members".into());
    };
    let (suite, members): (u16, usize) = (suite.parse()?, members.parse()?);
    if *command == "free" {
        players.remove(&(suite, members));
        return Ok(ok());
    }
    let player = match players.entry((suite, members)) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(Cases::new(Ciphersuite::try_from(suite)?, members))
        }
    };
    match (*command, rest) {
        ("prepare", [operation, count]) => player.prepare(operation, count.parse()?).map(|()| ok()),
        ("run", [operation, count]) => player.run(operation, count.parse()?).map(|()| ok()),
        ("bytes", []) => player.message_bytes(),
        ("memory", []) => player.memory_bytes(),
        _ => Err("unknown command".into()),
    }
}

fn ok() -> String {
    "{\"ok\":true}".to_owned()
}
