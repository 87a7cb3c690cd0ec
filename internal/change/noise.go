package change

// Noise is what a comparison found and left out, since it is different only in
// how two versions or two databases describe the same thing.
type Noise struct {
	// Reason is a sentence without its full stop.
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	// Examples name some of them ("field posts.title meta.searchable").
	Examples []string `json:"examples,omitempty"`
}
