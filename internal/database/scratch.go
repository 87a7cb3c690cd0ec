package database

// ScratchPrefix begins the name of every database that this program creates on
// a server for a test restore or a rehearsal. Nothing else is ever dropped.
const ScratchPrefix = "bunnyhop_"
