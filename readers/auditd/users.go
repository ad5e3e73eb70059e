package auditd

// idSlot says which entity an id field names, whether it is the entity's group, and what
// auditd calls the field beside which it writes the name.
func idSlot(key []byte) (slot int, group bool, name string) {
	switch string(key) {
	case "uid":
		return userSelf, false, "UID"
	case "gid":
		return userSelf, true, "GID"
	case "euid":
		return userEffective, false, "EUID"
	case "egid":
		return userEffective, true, "EGID"
	case "suid":
		return userSaved, false, "SUID"
	case "sgid":
		return userSaved, true, "SGID"
	case "fsuid":
		return userFilesystem, false, "FSUID"
	case "fsgid":
		return userFilesystem, true, "FSGID"
	case "auid":
		return userAudit, false, "AUID"
	}
	return -1, false, ""
}

// setUsers sets the entities from the ids of the event.
func (d *Decoder) setUsers() {
	e := &d.event
	named := len(e.names.pairs) > 0
	for i := range e.ids.pairs {
		p := &e.ids.pairs[i]
		slot, group, upper := idSlot(p.key)
		if slot < 0 || string(p.val) == "unset" {
			continue
		}
		var name []byte
		if named {
			if name = e.names.get(upper); !isName(name) {
				name = nil
			}
		}
		who := &d.summary.users[slot]
		if group {
			who.gid, who.groupName = p.val, name
		} else {
			who.id, who.name = p.val, name
		}
	}
}

// nameOf returns the name that the record gives to a user id, nil if it gives none.
func (d *Decoder) nameOf(id []byte) []byte {
	for i := userSelf; i <= userAudit; i++ {
		if who := &d.summary.users[i]; who.name != nil && string(who.id) == string(id) {
			return who.name
		}
	}
	return nil
}

// mapUser gives an entity what a part of the summary says: an id, a name, or that there
// is none, which takes away what a record said.
func (d *Decoder) mapUser(u userFrom) {
	m := &d.summary
	var val []byte
	switch u.from {
	case "subject.primary":
		val = m.actor1
	case "subject.secondary":
		val = m.actor2
	case "object.primary":
		val = m.object1
	case "uid.uid":
		val = d.event.ids.get("uid")
	}
	slot := userSelf
	switch u.to {
	case "user.effective":
		slot = userEffective
	case "user.target":
		slot = userTarget
	case "user.changes":
		slot = userChanges
	case "group":
		slot = groupSelf
	}
	m.mapped[slot], m.isMapped = true, true
	who := &m.mappedTo[slot]
	*who = entity{}
	switch _, isID := parseUint(val, 10); {
	case len(val) == 0 || string(val) == "unset" || string(val) == "4294967295" || string(val) == "-1":
	case isID:
		who.id, who.name = val, d.nameOf(val)
	default:
		who.name = val
	}
}

// resolve puts names where ids are, as Auditbeat does on the host itself, and leaves the
// effective user out where it is the user.
func (d *Decoder) resolve() {
	m := &d.summary
	if len(d.event.names.pairs) > 0 {
		if name := d.nameOf(m.actor1); name != nil {
			m.actor1 = name
		}
		if name := d.nameOf(m.actor2); name != nil {
			m.actor2 = name
		}
	}
	for slot := range m.mapped {
		if m.mapped[slot] {
			who := &m.users[slot]
			who.id, who.name = m.mappedTo[slot].id, m.mappedTo[slot].name
		}
	}
	self, effective := &m.users[userSelf], &m.users[userEffective]
	if len(self.id) > 0 && string(self.id) == string(effective.id) ||
		len(self.name) > 0 && string(self.name) == string(effective.name) {
		*effective = entity{}
	}
}
