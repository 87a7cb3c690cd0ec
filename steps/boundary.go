package steps

// Boundary is called at every boundary of every step: "started", "worked",
// "done", "undoing", "undone". Crash tests replace it to die there.
var Boundary = func(step, where string) {}
