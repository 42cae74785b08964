// Loaded before an Azurite that keeps its data in memory: it lives for a test or a demo, and does
// not clean up. From its twentieth minute on it would remove what was overwritten, each piece with a
// search through all: thousands of writes later it answers nobody for minutes.
const path = require("node:path");
const source = path.join(__dirname, "node_modules", "azurite", "dist", "src");
const LONGEST_OF_A_TIMER = 2 ** 31 - 1;
require(path.join(source, "blob", "utils", "constants")).DEFAULT_GC_INTERVAL_MS = LONGEST_OF_A_TIMER;
