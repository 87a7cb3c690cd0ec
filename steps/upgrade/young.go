package upgrade

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bunnyhop/internal/release"
	"bunnyhop/steps"
)

const (
	takeYoung  = "take"
	otherYoung = "other"
)

// askYoung asks whether a release is taken that came out a short while ago
// (VC2). Neither answer is the default, so that --yes does not take it.
func askYoung(ctx context.Context, r *steps.Run, one release.Release, minimum time.Duration, round int) (bool, error) {
	answer, err := r.Ask(ctx, steps.Gate{
		ID: numbered("young", round), Kind: steps.GateChoose, Flag: "--allow-young",
		Title: "Directus " + one.Version + " " + strings.TrimPrefix(CameOut(one.Date, time.Now()), "it "),
		Text: fmt.Sprintf("What is wrong with a release is mostly found in its first days. "+
			"Those younger than %d days are asked about (minimum_release_age in bunnyhop.yaml). The backup, the rehearsal and "+
			"the way back are the same for it as for any other.", int(minimum/day)),
		Choices: []steps.Choice{
			{ID: otherYoung, Title: "Choose another version", Detail: "back to the list"},
			{ID: takeYoung, Title: "Take " + one.Version, Detail: "it goes into the record that it was young"},
		},
	})
	return answer.Choice == takeYoung, err
}

// CameOut says how long ago a release came out.
func CameOut(date, now time.Time) string {
	switch days := int(now.Sub(date) / day); days {
	case 0:
		return "it came out today"
	case 1:
		return "it came out yesterday"
	default:
		return fmt.Sprintf("it came out %d days ago", days)
	}
}
