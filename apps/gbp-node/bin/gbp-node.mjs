#!/usr/bin/env node
// Old syntax on purpose: an older Node must be able to read this file to be told that it is too old.
var version = process.versions.node.split(".").map(Number)
// node:crypto reads raw keys since 26.0 and 24.15; no 25 does.
if (!(version[0] >= 26 || (version[0] === 24 && version[1] >= 15))) {
  console.error(
    "gbp-node needs Node 26 or newer, or 24 from 24.15 on; this is " +
      process.version +
      ". Install Node 26, or use `npm run gbp-node --` inside the project.",
  )
  process.exit(78)
}
var entry = new URL("../dist/main.js", import.meta.url)
await import(entry.href)
