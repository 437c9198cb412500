"""The matrix of rights: every route of the URL map against everybody who must not get through."""
