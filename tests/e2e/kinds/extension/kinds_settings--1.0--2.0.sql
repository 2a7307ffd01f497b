create table more (id int);
