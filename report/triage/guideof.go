package triage

import "kscan/rule"

// GuideOf returns what a rule's author tells the analyst, of a rule that need not have
// found anything.
func GuideOf(r *rule.Rule) Guide { return newGuide(r) }
