package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// headlines are the hard ones: scripts, marks and signs that a program may
// trip over. The other articles have plain ones.
var headlines = []string{
	"Ferry back after the storm",
	"港に新しい船が来た",
	"السفينة الجديدة تصل إلى الميناء",
	"ספינה חדשה בנמל \u200fOK\u200f",
	"Cafe\u0301 on the quay: re\u0301sume\u0301 of a re\u0301union",
	"Family day 👩‍👩‍👧‍👦 draws 4 000 🏳️‍🌈 visitors",
	"Z\u0335\u0321a\u0334\u0322l\u0337\u0323g\u0336o\u0338: the poster nobody could read",
	"बंदरगाह में नया जहाज़",
	"ท่าเรือใหม่เปิดแล้ว",
	"Straße, ﬁsh & ½ a ton of ice",
	"Robert'); DROP TABLE articles;-- wins the regatta",
	"<script>alert(\"tide\")</script> was only a typo",
	"100 % of \\backslashes\\ and `ticks` {{survive}} $HOME",
	"𝔊𝔬𝔱𝔥𝔦𝔠 letters, 𠮷野家 and 𓀀",
	"  Two spaces before, one tab\tin the middle  ",
	"Ἀθῆναι, Ёлка, İstanbul ve ığdır",
}

var (
	subjects = strings.Fields("captain council ferry harbour-master crew museum school orchestra fishmonger lighthouse tide library rower baker bridge tram market poet gull engineer")
	verbs    = strings.Fields("opens repairs counts visits paints sells answers watches measures remembers praises moves closes finds lends")
	objects  = strings.Fields("quay boat song archive net window clock map lantern bell ledger garden letter engine wall signal cargo photograph recipe")
	manners  = []string{"early", "at night", "for the third time", "without a word", "before the rain", "in plain view", "as promised", "after 40 years", "– naturally –", "by hand", "in spring", "über Nacht", "与朋友一起", "مرة أخرى", "🙂"}
)

// writer writes filler text from a seeded source.
type writer struct{ random *rand.Rand }

func newWriter(random *rand.Rand) *writer { return &writer{random} }

func (w *writer) one(words []string) string { return words[w.random.IntN(len(words))] }

func (w *writer) headline(n int) string {
	if n <= len(headlines) {
		return headlines[n-1]
	}
	return fmt.Sprintf("The %s %s the %s, part %d", w.one(subjects), w.one(verbs), w.one(objects), n)
}

func (w *writer) sentence() string {
	return fmt.Sprintf("The %s of the %s %s the %s and the %s %s.",
		w.one(subjects), w.one(objects), w.one(verbs), w.one(objects), w.one(objects), w.one(manners))
}

func (w *writer) paragraph() string {
	sentences := make([]string, 3+w.random.IntN(4))
	for i := range sentences {
		sentences[i] = w.sentence()
	}
	return strings.Join(sentences, " ")
}

func (w *writer) paragraphs(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = w.paragraph()
	}
	return strings.Join(list, "\n\n")
}

// long writes chapters until there are at least size bytes.
func (w *writer) long(size int) string {
	var b strings.Builder
	for chapter := 1; b.Len() < size; chapter++ {
		fmt.Fprintf(&b, "## Chapter %d\n\n%s\n\n", chapter, w.paragraphs(6))
	}
	return b.String()
}
