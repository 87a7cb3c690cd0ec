package review

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/snapshot"
)

// named is the model with a field by another name.
func named(s *snapshot.Snapshot, name, to string) *snapshot.Snapshot {
	left := edited(s, name, func(f *snapshot.Field) {
		f.Field = to
		if f.Meta != nil {
			f.Meta["field"] = to
		}
		f.Schema["name"] = to
	})
	left.Relations = slices.Clone(s.Relations)
	for i, r := range left.Relations {
		if r.Collection+"."+r.Field == name {
			r.Field = to
			r.Meta = maps.Clone(r.Meta)
			if r.Meta != nil {
				r.Meta["many_field"] = to
			}
			left.Relations[i] = r
		}
	}
	return left
}

// seenOf are findings for all renames of a plan, none of which is withdrawn.
func seenOf(p *Plan, more map[string]evidence.Finding) map[string]evidence.Finding {
	seen := map[string]evidence.Finding{}
	for _, r := range p.Renames {
		seen[r.Key()] = evidence.Finding{Evidence: []change.Evidence{{Label: "same values", Value: "3 of 3"}}, Rows: 3}
	}
	maps.Copy(seen, more)
	return seen
}

func changesOf(p *Plan) map[string]change.Change {
	byID := map[string]change.Change{}
	for _, c := range p.Changes {
		byID[c.ID] = c
	}
	return byID
}

const offerID = "rename posts.title → headline"

func TestOffer(t *testing.T) {
	all := whole(t)
	wanted := named(all, "posts.title", "headline")
	deletion := evidence.Finding{Evidence: []change.Evidence{{Label: "values in the column", Value: "3", Loss: true}}, Risk: change.Destructive, Rows: 3}
	p, byID := planned(t, all, wanted, Mirror)
	if _, ok := byID[offerID]; ok {
		t.Error("it is offered before anybody looked at the data")
	}
	p.Seen(seenOf(p, map[string]evidence.Finding{"field posts.title": deletion}))
	p.Seen(seenOf(p, map[string]evidence.Finding{"field posts.title": deletion})) // changes nothing
	byID = changesOf(p)
	offer, gone := byID[offerID], byID["field posts.title"]
	if offer.Risk != change.Caution || offer.Recommended || offer.Blocked != "" || len(offer.Evidence) != 1 || offer.Group != "posts" ||
		!cmp.Equal(offer.Requires, []string{"field posts.headline"}) {
		t.Errorf("%+v", offer)
	}
	if gone.Risk != change.Destructive || !cmp.Equal(gone.Evidence, deletion.Evidence) {
		t.Errorf("the deletion alone: %+v", gone)
	}
	want := &change.Relief{
		By: offerID, Risk: change.Caution, Evidence: []change.Evidence{{Label: "values in the column", Value: "3, which are in headline then"}},
		Detail: "The column is dropped after its values were copied into headline and compared with it.",
	}
	if diff := cmp.Diff(want, gone.Relief); diff != "" {
		t.Errorf("the deletion after the copy (-want +got)\n%s", diff)
	}
	if taken := accepting(p, offerID); !cmp.Equal(taken, []string{"field posts.headline", offerID}) {
		t.Errorf("the copy takes %v", taken)
	}
	if d := change.Recommended(p.Changes); d[offerID] {
		t.Error("it is recommended")
	}
	if len(p.Changes) != len(p.Proposed)+1 {
		t.Errorf("%d changes of %d differences", len(p.Changes), len(p.Proposed))
	}
}

func TestOfferInOtherModes(t *testing.T) {
	all := edited(whole(t), "posts.title", func(f *snapshot.Field) { f.Schema["is_nullable"] = true })
	for _, mode := range []Mode{Add, Merge} {
		p, _ := planned(t, all, named(all, "posts.title", "headline"), mode)
		p.Seen(seenOf(p, nil))
		byID := changesOf(p)
		if _, ok := byID["field posts.title"]; ok || byID[offerID].ID == "" {
			t.Errorf("%s: %v", mode, slices.Sorted(maps.Keys(byID)))
		}
		s := p.Stages(change.Decisions{"field posts.headline": true, offerID: true})
		if len(s.Copies) != 1 || len(s.Last) > 0 || len(s.First) != 1 {
			t.Errorf("%s: %+v", mode, s)
		}
	}
}

func TestNotOffered(t *testing.T) {
	all := whole(t)
	for name, finding := range map[string]evidence.Finding{
		"withdrawn": {Withdrawn: true}, "blocked": {Blocked: "the target is only known by its address"},
	} {
		p, _ := planned(t, all, named(all, "posts.title", "headline"), Mirror)
		p.Seen(seenOf(p, map[string]evidence.Finding{offerID: finding}))
		offer := changesOf(p)[offerID]
		if (offer.ID == "") != finding.Withdrawn || offer.Blocked != finding.Blocked {
			t.Errorf("%s: %+v", name, offer)
		}
		if s := p.Stages(change.Decisions{"field posts.headline": true, "field posts.title": true, offerID: true}); finding.Blocked != "" && len(s.Copies) > 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestOfferOfWhatMustHaveAValue: a column that may not be empty is made empty,
// filled, and closed; without the copy it cannot be made.
func TestOfferOfWhatMustHaveAValue(t *testing.T) {
	all := edited(whole(t), "posts.title", func(f *snapshot.Field) { f.Schema["is_nullable"], f.Schema["default_value"] = false, nil })
	creation := evidence.Finding{Blocked: "3 rows would have no value for it", Unfilled: true}
	p, _ := planned(t, all, named(all, "posts.title", "headline"), Mirror)
	p.Seen(seenOf(p, map[string]evidence.Finding{"field posts.headline": creation}))
	both := []string{"field posts.headline", offerID}
	for _, id := range both {
		if taken := accepting(p, id); !cmp.Equal(taken, both) {
			t.Errorf("%s takes %v", id, taken)
		}
	}
	s := p.Stages(change.Decisions{"field posts.headline": true, "field posts.title": true, offerID: true})
	var first, last []string
	for _, c := range s.First {
		first = append(first, string(c.Action)+" "+c.Key())
	}
	for _, c := range s.Last {
		last = append(last, string(c.Action)+" "+c.Key())
	}
	if diff := cmp.Diff([]string{"create field posts.headline"}, first); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"update field posts.headline schema.is_nullable", "delete field posts.title"}, last); diff != "" {
		t.Error(diff)
	}
	made, _ := s.First[0].After.(snapshot.Field)
	kept, _ := s.All[0].After.(snapshot.Field)
	if made.Schema["is_nullable"] != true || kept.Schema["is_nullable"] != false {
		t.Errorf("made with %v, wanted with %v", made.Schema["is_nullable"], kept.Schema["is_nullable"])
	}
	// Where the copy cannot be made, the column cannot either.
	p, _ = planned(t, all, named(all, "posts.title", "headline"), Mirror)
	p.Seen(seenOf(p, map[string]evidence.Finding{"field posts.headline": creation, offerID: {Blocked: "the target is a file"}}))
	if c := changesOf(p)["field posts.headline"]; c.Blocked != creation.Blocked {
		t.Errorf("%+v", c)
	}
}

// TestAnyStagesStand: whatever fields got other names and whatever is accepted
// of it, nothing dangles after either stage, both together are what was
// accepted, and nothing that is copied goes before the copy.
func TestAnyStagesStand(t *testing.T) {
	all := whole(t)
	known := dangling(all)
	rapid.Check(t, func(t *rapid.T) {
		current := some(t, all, known)
		wanted := some(t, current, known)
		for _, f := range wanted.Fields {
			if f.Schema != nil && f.Field != "id" && rapid.IntRange(0, 5).Draw(t, "name") == 0 {
				wanted = named(wanted, f.Collection+"."+f.Field, f.Field+"_too")
			}
		}
		p, err := New(current, wanted, rapid.SampledFrom(Modes).Draw(t, "mode"))
		if err != nil {
			t.Fatal(err)
		}
		p.Seen(seenOf(p, nil))
		r := change.NewReview(p.Changes, nil)
		for i := range p.Changes {
			if rapid.IntRange(0, 2).Draw(t, "decide") > 0 {
				r.Decide(rapid.IntRange(0, 3).Draw(t, "accept") > 0, i)
			}
		}
		s := p.Stages(r.Decisions())
		for _, one := range s.Copies {
			if !slices.ContainsFunc(s.First, func(c compare.Change) bool { return c.Key() == one.Creation() }) ||
				slices.ContainsFunc(s.First, func(c compare.Change) bool { return c.Key() == one.Deletion() }) {
				t.Errorf("%s: %+v", one.Key(), s)
			}
		}
		between, err := compare.Apply(current, s.First)
		if err != nil {
			t.Fatal(err)
		}
		after, err := compare.Apply(between, s.Last)
		if err != nil {
			t.Fatal(err)
		}
		atOnce, err := compare.Apply(current, s.All)
		if err != nil {
			t.Fatal(err)
		}
		if left, err := compare.Compare(after, atOnce); err != nil || len(left.Changes) > 0 {
			t.Errorf("in stages it is otherwise: %v, %v", left.Changes, err)
		}
		fine := dangling(current)
		maps.Copy(fine, dangling(wanted))
		for _, state := range []*snapshot.Snapshot{between, after} {
			for message := range dangling(state) {
				if !fine[message] && !known[message] && !strings.Contains(message, "_too") {
					t.Errorf("%s", message)
				}
			}
		}
	})
}
