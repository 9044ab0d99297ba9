//! A member of the published Group Protocol Stack, for `npm run interop:gbp` and `npm run bench:stack`.
//!
//! Reads one request a line from standard input and answers each with one line of JSON: `{"ok": …}` or `{"error": "…"}`.
//! Bytes are hex, numbers of 64 bits are decimal text. A request is an object with `ask`, and with `member` where it is
//! about one; several members live in one process, each with a name.

mod bench;
mod events;
mod golden;
mod member;
mod request;

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};

use serde_json::{Value, json};

use bench::Bench;
use member::Member;
use request::Request;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Default)]
struct Driver {
    members: HashMap<String, Member>,
    bench: Option<Bench>,
}

fn main() -> Outcome<()> {
    let mut driver = Driver::default();
    for line in stdin().lock().lines() {
        let answer = match driver.answer(&line?) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        writeln!(stdout(), "{answer}")?;
        stdout().flush()?;
    }
    Ok(())
}

impl Driver {
    fn answer(&mut self, line: &str) -> Outcome<Value> {
        let request = Request::parse(line)?;
        match request.text("ask")? {
            "golden" => golden::read_and_write(&request),
            "prepare" => {
                let bench = match self.bench.take() {
                    Some(bench) => self.bench.insert(bench),
                    None => self.bench.insert(Bench::new()?),
                };
                bench.prepare(&request)
            }
            "run" => self
                .bench
                .as_mut()
                .ok_or("nothing is prepared")?
                .run(&request),
            "new" => {
                let member = Member::new(&request)?;
                self.members
                    .insert(request.text("member")?.to_owned(), member);
                Ok(json!({}))
            }
            "restore" => {
                let member = Member::restored(&request)?;
                self.members
                    .insert(request.text("member")?.to_owned(), member);
                Ok(json!({}))
            }
            ask => {
                let name = request.text("member")?;
                let member = self
                    .members
                    .get_mut(name)
                    .ok_or("there is no such member")?;
                member.answer(ask, &request)
            }
        }
    }
}
