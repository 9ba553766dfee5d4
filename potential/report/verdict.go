package report

import (
	"errors"
	"fmt"
)

// Mark is the short form of a verdict.
type Mark string

// The marks, worst first but for None, which is for what is only measured.
const (
	Fail    Mark = "fail"
	Caution Mark = "caution"
	Pass    Mark = "pass"
	None    Mark = "none"
)

// Verdict says in plain words what a section means.
type Verdict struct {
	Mark Mark   `json:"mark"`
	Text string `json:"text"`
}

func verdict(m Mark, format string, args ...any) Verdict {
	return Verdict{m, minus(fmt.Sprintf(format, args...))}
}

// impossible is the verdict of a section that could not be measured, or that there is
// nothing to measure for.
func impossible(err error) Verdict {
	if errors.Is(err, errNone) {
		return verdict(None, "Not applicable: %v.", err)
	}
	return verdict(Fail, "Could not be measured: %v.", err)
}

// graded returns Pass up to the first bound, Caution up to the second, and Fail
// beyond or for what is not a number.
func graded(value, pass, caution float64) Mark {
	switch {
	case value <= pass:
		return Pass
	case value <= caution:
		return Caution
	}
	return Fail
}
