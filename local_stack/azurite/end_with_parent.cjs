// Loaded before Azurite: ends the process when the parent that holds our standard input is gone,
// however it went, so that no emulator is ever left behind.
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
process.stdin.unref();
