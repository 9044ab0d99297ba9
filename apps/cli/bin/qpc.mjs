#!/usr/bin/env node
// Old syntax on purpose: an older Node must be able to read this file to be told that it is too old.
var major = Number(process.versions.node.split(".")[0])
if (major < 24) {
  console.error(
    "qpc needs Node 24 or newer; this is " +
      process.version +
      ". Install a newer Node, or use `npm run qpc --` inside the project.",
  )
  process.exit(78)
}
var entry = new URL("../dist/main.js", import.meta.url)
await import(entry.href)
